version 1.1

struct Sample {
    String name
    File reads_1
    File reads_2
}

# A FASTA file and what bwa and samtools look for beside it.
struct Genome {
    File fasta
    File fai
    File amb
    File ann
    File bwt
    File pac
    File sa
}

workflow variant_calling {
    meta {
        description: "Variants of haploid samples from paired reads: bwa mem, samtools, bcftools"
        outputs: {
            variants: "Variants of all samples, called together",
            variants_index: "Its index",
            alignments: "Sorted alignments of each sample",
            alignments_index: "Their indexes",
            table: "One row per sample: reads, depth, variants",
            depth_plot: "Depth along the genome, as SVG"
        }
    }

    parameter_meta {
        genome: "FASTA file (gzip)"
        samples: "Name and paired FASTQ files (gzip) of each sample"
        pairs_per_chunk: "Read pairs that one task aligns"
        image: "Container image built from tools/Containerfile"
    }

    input {
        File genome
        Array[Sample]+ samples
        Int pairs_per_chunk = 2000
        String image
    }

    call index_genome {
        input:
        genome, image
    }

    scatter (sample in samples) {
        call split_pairs {
            input:
            reads_1 = sample.reads_1,
            reads_2 = sample.reads_2,
            pairs_per_chunk, image
        }

        scatter (chunk in zip(split_pairs.chunks_1, split_pairs.chunks_2)) {
            call align {
                input:
                genome = index_genome.indexed,
                sample = sample.name,
                reads_1 = chunk.left,
                reads_2 = chunk.right,
                image
            }
        }

        call merge {
            input:
            sample = sample.name,
            chunks = align.alignments,
            image
        }
    }

    call call_variants {
        input:
        genome = index_genome.indexed,
        alignments = merge.alignments,
        alignments_index = merge.alignments_index,
        image
    }

    call summarize {
        input:
        alignments = merge.alignments,
        alignments_index = merge.alignments_index,
        variants = call_variants.variants,
        image
    }

    output {
        File variants = call_variants.variants
        File variants_index = call_variants.variants_index
        Array[File] alignments = merge.alignments
        Array[File] alignments_index = merge.alignments_index
        File table = summarize.table
        File depth_plot = summarize.depth_plot
    }
}

task index_genome {
    meta {
        description: "Index a genome for bwa and samtools"
    }

    parameter_meta {
        genome: "FASTA file (gzip)"
        image: "Container image"
    }

    input {
        File genome
        String image
    }

    command <<<
        set -euo pipefail
        gzip -dc "~{genome}" > genome.fa
        bwa index genome.fa
        samtools faidx genome.fa
    >>>

    output {
        Genome indexed = Genome {
            fasta: "genome.fa",
            fai: "genome.fa.fai",
            amb: "genome.fa.amb",
            ann: "genome.fa.ann",
            bwt: "genome.fa.bwt",
            pac: "genome.fa.pac",
            sa: "genome.fa.sa"
        }
    }

    runtime {
        docker: image
        cpu: 1
        memory: "2 GiB"
    }
}

task split_pairs {
    meta {
        description: "Cut two FASTQ files of paired reads at the same places"
    }

    parameter_meta {
        reads_1: "First reads (gzip)"
        reads_2: "Second reads (gzip)"
        pairs_per_chunk: "Pairs per chunk; the last one may have fewer"
        image: "Container image"
    }

    input {
        File reads_1
        File reads_2
        Int pairs_per_chunk
        String image
    }

    command <<<
        set -euo pipefail
        mkdir 1 2
        cut_reads() {
            # split runs the filter with $FILE, the name of the chunk.
            # shellcheck disable=SC2016
            gzip -dc "$1" |
                split --lines=$((4 * ~{pairs_per_chunk})) --numeric-suffixes --suffix-length=5 \
                    --filter='gzip -1n > "$FILE.fq.gz"' - "$2"
        }
        cut_reads "~{reads_1}" 1/
        cut_reads "~{reads_2}" 2/
        if [ "$(ls 1)" != "$(ls 2)" ]; then
            echo "the two read files are not of the same length" >&2
            exit 1
        fi
    >>>

    output {
        Array[File] chunks_1 = glob("1/*.fq.gz")
        Array[File] chunks_2 = glob("2/*.fq.gz")
    }

    runtime {
        docker: image
        cpu: 1
        memory: "1 GiB"
    }
}

task align {
    meta {
        description: "Align read pairs to the genome and sort the alignments"
    }

    parameter_meta {
        genome: "Indexed genome"
        sample: "Name of the sample"
        reads_1: "First reads (gzip)"
        reads_2: "Second reads (gzip)"
        image: "Container image"
    }

    input {
        Genome genome
        String sample
        File reads_1
        File reads_2
        String image
    }

    command <<<
        set -euo pipefail
        bwa mem -t 2 -R '@RG\tID:~{sample}\tSM:~{sample}' \
            "~{genome.fasta}" "~{reads_1}" "~{reads_2}" |
            samtools sort --no-PG -o "~{sample}.bam"
    >>>

    output {
        File alignments = "~{sample}.bam"
    }

    runtime {
        docker: image
        cpu: 2
        memory: "2 GiB"
        preemptible: 2
    }
}

task merge {
    meta {
        description: "Merge the sorted alignments of one sample"
    }

    parameter_meta {
        sample: "Name of the sample"
        chunks: "Sorted alignments"
        image: "Container image"
    }

    input {
        String sample
        Array[File] chunks
        String image
    }

    command <<<
        set -euo pipefail
        # All chunks are of one read group: -c keeps it one.
        samtools merge --no-PG -c -b "~{write_lines(chunks)}" "~{sample}.bam"
        samtools index "~{sample}.bam"
    >>>

    output {
        File alignments = "~{sample}.bam"
        File alignments_index = "~{sample}.bam.bai"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "2 GiB"
    }
}

task call_variants {
    meta {
        description: "Call the variants of all samples together"
    }

    parameter_meta {
        genome: "Indexed genome"
        alignments: "Sorted alignments of each sample"
        alignments_index: "Their indexes"
        image: "Container image"
    }

    input {
        Genome genome
        Array[File] alignments
        Array[File] alignments_index
        String image
    }

    command <<<
        set -euo pipefail
        bcftools mpileup --output-type u --no-version --fasta-ref "~{genome.fasta}" --annotate FORMAT/AD,FORMAT/DP \
            --bam-list "~{write_lines(alignments)}" |
            bcftools call --no-version --ploidy 1 --multiallelic-caller --variants-only \
                --output-type z --output variants.vcf.gz
        bcftools index --tbi variants.vcf.gz
    >>>

    output {
        File variants = "variants.vcf.gz"
        File variants_index = "variants.vcf.gz.tbi"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "2 GiB"
    }
}

task summarize {
    meta {
        description: "One row per sample, and the depth along the genome"
    }

    parameter_meta {
        alignments: "Sorted alignments of each sample, named after it"
        alignments_index: "Their indexes"
        variants: "Variants of all samples"
        image: "Container image"
    }

    input {
        Array[File] alignments
        Array[File] alignments_index
        File variants
        String image
    }

    command <<<
        set -euo pipefail
        printf 'sample\tread_pairs\tmapped_percent\tmean_depth\tcovered_10x_percent\tsnps\tindels\n' > samples.tsv
        series=""
        while IFS= read -r bam; do
            sample=$(basename "$bam" .bam)
            # 0x900: secondary and supplementary alignments are not further reads.
            reads=$(samtools view -c -F 0x900 "$bam")
            mapped=$(samtools view -c -F 0x904 "$bam")
            samtools depth -a "$bam" > depth.tsv
            awk '{ sum += $3 } NR % 250 == 0 { print NR / 1000, sum / 250; sum = 0 }' depth.tsv > "$sample.depth.txt"
            {
                printf '%s\t%d\t' "$sample" $((reads / 2))
                awk -v mapped="$mapped" -v reads="$reads" '
                    { sum += $3; covered += $3 >= 10 }
                    END { printf "%.2f\t%.2f\t%.2f\t", 100 * mapped / reads, sum / NR, 100 * covered / NR }
                ' depth.tsv
                bcftools view --samples "$sample" --min-ac 1 "~{variants}" |
                    bcftools query --format '%TYPE\n' |
                    awk '{ n[$1]++ } END { printf "%d\t%d\n", n["SNP"], n["INDEL"] }'
            } >> samples.tsv
            series="$series'$sample.depth.txt' with lines linewidth 1.5 title '$sample', "
        done < "~{write_lines(alignments)}"

        gnuplot <<GNUPLOT
        set terminal svg size 1000,400 font "Helvetica,Arial,sans-serif" background "#ffffff"
        set output "depth.svg"
        set title "Depth, means of 250 bases"
        set xlabel "position (kb)"
        set ylabel "reads"
        set yrange [0:*]
        set grid linecolor "#eeeeee"
        set key top right
        plot $series NaN notitle
        GNUPLOT
    >>>

    output {
        File table = "samples.tsv"
        File depth_plot = "depth.svg"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "2 GiB"
    }
}
