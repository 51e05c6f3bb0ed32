version 1.1

# The workflow of which the how-to pages show runs. It only pretends to align.

workflow align_all {
    input {
        Array[String] samples
        Int seconds = 0
    }
    scatter (sample in samples) {
        call align { input: sample, seconds }
    }
    output {
        Array[File] alignments = align.alignment
    }
}

task align {
    input {
        String sample
        Int seconds
    }
    command <<<
        if [ "~{sample}" = "notes.txt" ]; then
            echo "~{sample} is not a FASTQ file" >&2
            exit 3
        fi
        for second in $(seq ~{seconds}); do
            echo "~{sample}: $((second * 1000)) reads aligned" >&2
            sleep 1
        done
        echo "~{sample}" > "~{sample}.bam"
    >>>
    output {
        File alignment = "~{sample}.bam"
    }
    runtime {
        cpu: 1
        memory: "500 MiB"
    }
}
