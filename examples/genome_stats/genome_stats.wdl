version 1.1

workflow genome_stats {
    meta {
        description: "Base composition of a small genome, and quality, composition and k-mer spectrum of its sequencing reads"
        outputs: {
            stats: "All figures, as JSON",
            quality_by_cycle: "One row per read file and sequencing cycle, as TSV",
            plot: "Four charts, as SVG"
        }
    }

    parameter_meta {
        genome: "FASTA file of one sequence (gzip)"
        reads: "FASTQ files, four lines a read (gzip)"
        plot_library: "Wheel of the charting library leather, so that the plot needs no image of its own"
        k: "Length of k-mers; odd, so that none is its own reverse complement"
        reads_per_chunk: "Reads that one task looks at"
        window: "Bases per point of the genome's GC curve"
        image: "Container image with bash, coreutils, gzip, awk and Python 3.10 or newer"
    }

    input {
        File genome
        Array[File]+ reads
        File plot_library
        Int k = 21
        Int reads_per_chunk = 1000
        Int window = 500
        String image = "public.ecr.aws/docker/library/python:3.12-slim-bookworm"
    }

    call genome_composition {
        input:
        genome, window, image
    }

    scatter (fastq in reads) {
        call split_reads {
            input:
            fastq, reads_per_chunk, image
        }
    }

    scatter (chunk in flatten(split_reads.chunks)) {
        call chunk_stats {
            input:
            chunk, k, image
        }
    }

    call gather {
        input:
        composition = genome_composition.composition,
        cycles = chunk_stats.cycles,
        gc_histograms = chunk_stats.gc_histogram,
        kmers = chunk_stats.kmers,
        k, image
    }

    call draw {
        input:
        stats = gather.stats,
        plot_library, image
    }

    output {
        File stats = gather.stats
        File quality_by_cycle = gather.quality_by_cycle
        File plot = draw.plot
    }
}

task genome_composition {
    meta {
        description: "Length and GC content of a sequence, whole and by window"
    }

    parameter_meta {
        genome: "FASTA file of one sequence (gzip)"
        window: "Bases per window; the last one is shorter"
        image: "Container image"
    }

    input {
        File genome
        Int window
        String image
    }

    command <<<
        set -euo pipefail
        python3 - "~{genome}" ~{window} <<'PYTHON' > composition.json
        import gzip
        import json
        import sys

        path, window = sys.argv[1], int(sys.argv[2])
        with gzip.open(path, "rt") as fasta:
            header, *lines = fasta.read().splitlines()
        if not header.startswith(">") or any(line.startswith(">") for line in lines):
            sys.exit("the genome must be a FASTA file of exactly one sequence")
        sequence = "".join(lines).upper()


        def gc_percent(bases):
            gc = bases.count("G") + bases.count("C")
            known = gc + bases.count("A") + bases.count("T")
            return round(100 * gc / known, 4) if known else None


        windows = [
            {"start": start, "gc_percent": gc_percent(sequence[start : start + window])}
            for start in range(0, len(sequence), window)
        ]
        json.dump(
            {
                "name": header[1:].split()[0],
                "length": len(sequence),
                "gc_percent": gc_percent(sequence),
                "window": window,
                "windows": windows,
            },
            sys.stdout,
        )
        PYTHON
    >>>

    output {
        File composition = "composition.json"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "1 GiB"
    }
}

task split_reads {
    meta {
        description: "Cut a FASTQ file into chunks of whole reads"
    }

    parameter_meta {
        fastq: "FASTQ file (gzip)"
        reads_per_chunk: "Reads per chunk; the last one may have fewer"
        image: "Container image"
    }

    input {
        File fastq
        Int reads_per_chunk
        String image
    }

    String name = basename(basename(fastq, ".gz"), ".fq")

    command <<<
        set -euo pipefail
        mkdir chunks
        # split runs the filter with $FILE, the name of the chunk.
        # shellcheck disable=SC2016
        gzip -dc "~{fastq}" |
            split --lines=$((4 * ~{reads_per_chunk})) --numeric-suffixes --suffix-length=5 \
                --filter='gzip -1n > "$FILE.fq.gz"' - "chunks/~{name}."
    >>>

    output {
        Array[File] chunks = glob("chunks/*.fq.gz")
    }

    runtime {
        docker: image
        cpu: 1
        memory: "1 GiB"
    }
}

task chunk_stats {
    meta {
        description: "Count bases, qualities and k-mers in one chunk of reads; whole numbers only, so that chunks add up"
    }

    parameter_meta {
        chunk: "FASTQ file (gzip) named FILE.NUMBER.fq.gz"
        k: "Length of k-mers"
        image: "Container image"
    }

    input {
        File chunk
        Int k
        String image
    }

    String name = basename(chunk, ".fq.gz")
    # The read file that the chunk was cut from.
    String read_file = sub(name, "\\.[0-9]+$", "")

    command <<<
        set -euo pipefail
        export LC_ALL=C
        cat > count.awk <<'AWK'
        BEGIN {
            OFS = "\t"
            for (code = 33; code < 127; code++) quality[sprintf("%c", code)] = code - 33
            complement["A"] = "T"; complement["C"] = "G"; complement["G"] = "C"; complement["T"] = "A"; complement["N"] = "N"
        }
        NR % 4 == 1 && !/^@/ { fail("is not the name of a read") }
        NR % 4 == 2 { bases = toupper($0) }
        NR % 4 == 3 && !/^\+/ { fail("should begin with +") }
        NR % 4 == 0 {
            if (length($0) != length(bases)) fail("has not as many qualities as the read has bases")
            count_cycles()
            list_kmers()
        }
        END {
            if (failed) exit 1
            if (NR % 4) fail("ends within a read")
            print "read_file", "cycle", "quality", "A", "C", "G", "T", "N" > chunk ".cycles.tsv"
            for (cycle = 1; cycle <= longest; cycle++)
                print read_file, cycle, qualities[cycle], at["A", cycle] + 0, at["C", cycle] + 0, at["G", cycle] + 0, \
                    at["T", cycle] + 0, at["N", cycle] + 0 > chunk ".cycles.tsv"
            print "gc_percent", "reads" > chunk ".gc_histogram.tsv"
            for (percent = 0; percent <= 100; percent++)
                if (percent in reads) print percent, reads[percent] > chunk ".gc_histogram.tsv"
        }
        function count_cycles(   cycle, base, gc, known) {
            reverse = ""
            for (cycle = 1; cycle <= length(bases); cycle++) {
                base = substr(bases, cycle, 1)
                if (!(base in complement)) base = "N"
                at[base, cycle]++
                qualities[cycle] += quality[substr($0, cycle, 1)]
                reverse = complement[base] reverse
                if (base != "N") known++
                if (base == "G" || base == "C") gc++
            }
            if (length(bases) > longest) longest = length(bases)
            if (known) reads[int(100 * gc / known + 0.5)]++
        }
        # A k-mer and its reverse complement are the same piece of DNA: the smaller of the two stands for both.
        function list_kmers(   start, kmer, other) {
            for (start = 1; start <= length(bases) - k + 1; start++) {
                kmer = substr(bases, start, k)
                other = substr(reverse, length(bases) - start - k + 2, k)
                if (kmer !~ /[^ACGT]/) print (kmer < other) ? kmer : other
            }
        }
        function fail(problem) {
            printf "%s, line %d %s\n", chunk, NR, problem > "/dev/stderr"
            failed = 1
            exit 1
        }
        AWK
        gzip -dc "~{chunk}" |
            awk -v k=~{k} -v chunk="~{name}" -v read_file="~{read_file}" -f count.awk |
            sort |
            uniq -c |
            awk -v OFS='\t' '{ print $2, $1 }' |
            gzip -1n > "~{name}.kmers.tsv.gz"
    >>>

    output {
        File cycles = "~{name}.cycles.tsv"
        File gc_histogram = "~{name}.gc_histogram.tsv"
        File kmers = "~{name}.kmers.tsv.gz"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "1 GiB"
        preemptible: 2
    }
}

task gather {
    meta {
        description: "Add up what was counted in all chunks"
    }

    parameter_meta {
        composition: "What genome_composition found"
        cycles: "Bases and qualities by cycle of each chunk"
        gc_histograms: "Reads by GC percentage of each chunk"
        kmers: "Sorted k-mers with their numbers of each chunk"
        k: "Length of k-mers"
        image: "Container image"
    }

    input {
        File composition
        Array[File] cycles
        Array[File] gc_histograms
        Array[File] kmers
        Int k
        String image
    }

    command <<<
        set -euo pipefail
        export LC_ALL=C

        # The k-mers of each chunk are sorted: merging them needs hardly any memory, however many there are.
        mkdir kmers
        number=0
        while IFS= read -r file; do
            number=$((number + 1))
            gzip -dc "$file" > "kmers/$number.tsv"
        done < "~{write_lines(kmers)}"
        sort --merge --batch-size=64 kmers/*.tsv |
            awk '
                $1 != kmer { if (count) spectrum[count]++; kmer = $1; count = 0 }
                { count += $2 }
                END { if (count) spectrum[count]++; for (count in spectrum) print count, spectrum[count] }
            ' |
            sort -n > spectrum.txt

        python3 - "~{composition}" "~{write_lines(cycles)}" "~{write_lines(gc_histograms)}" ~{k} <<'PYTHON'
        import csv
        import json
        import sys
        from collections import Counter, defaultdict

        composition, cycles, gc_histograms = sys.argv[1:4]


        def rows(list_of_files):
            """Yield the rows of all TSV files whose names stand in a file."""
            for path in open(list_of_files):
                with open(path.rstrip("\n"), newline="") as table:
                    yield from csv.DictReader(table, delimiter="\t")


        def summary(counts):
            known = sum(counts[base] for base in "ACGT")
            bases = known + counts["N"]
            return {
                "bases": bases,
                "mean_quality": round(counts["quality"] / bases, 4),
                "gc_percent": round(100 * (counts["G"] + counts["C"]) / known, 4) if known else None,
                "n_percent": round(100 * counts["N"] / bases, 4),
            }


        by_cycle = defaultdict(Counter)
        by_file = defaultdict(Counter)
        for row in rows(cycles):
            counts = {key: int(row[key]) for key in ("quality", "A", "C", "G", "T", "N")}
            by_cycle[row["read_file"], int(row["cycle"])].update(counts)
            by_file[row["read_file"]].update(counts)

        gc_histogram = Counter()
        for row in rows(gc_histograms):
            gc_histogram[int(row["gc_percent"])] += int(row["reads"])

        table = [
            {"read_file": name, "cycle": cycle, **summary(counts)}
            for (name, cycle), counts in sorted(by_cycle.items())
        ]
        with open("quality_by_cycle.tsv", "w", newline="") as out:
            writer = csv.DictWriter(out, list(table[0]), delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)

        spectrum = [[int(number) for number in line.split()] for line in open("spectrum.txt")]
        # Every read has a first cycle, so the bases of that cycle are the number of reads.
        reads = {
            name: {"reads": sum(by_cycle[name, 1][base] for base in "ACGTN"), **summary(counts)}
            for name, counts in sorted(by_file.items())
        }
        stats = {
            "genome": json.load(open(composition)),
            "reads": reads,
            "read_gc_histogram": sorted(gc_histogram.items()),
            "quality_by_cycle": table,
            "kmers": {
                "k": int(sys.argv[4]),
                "total": sum(times * number for times, number in spectrum),
                "distinct": sum(number for _, number in spectrum),
                "spectrum": spectrum,
            },
        }
        with open("stats.json", "w") as out:
            json.dump(stats, out, indent=1)
        PYTHON
    >>>

    output {
        File stats = "stats.json"
        File quality_by_cycle = "quality_by_cycle.tsv"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "2 GiB"
    }
}

task draw {
    meta {
        description: "Draw four charts of the figures"
    }

    parameter_meta {
        stats: "What gather found"
        plot_library: "Wheel of the charting library leather"
        image: "Container image"
    }

    input {
        File stats
        File plot_library
        String image
    }

    command <<<
        set -euo pipefail
        # A wheel of pure Python can be imported as it is.
        export PYTHONPATH="~{plot_library}"
        python3 - "~{stats}" <<'PYTHON'
        import json
        import sys
        from itertools import groupby

        import leather

        stats = json.load(open(sys.argv[1]))
        for part in ("title", "legend", "axis_title", "tick"):
            setattr(leather.theme, f"{part}_font_family", "Helvetica, Arial, sans-serif")
        leather.theme.background_color = "#ffffff"
        leather.theme.label_color = leather.theme.axis_title_color = "#555555"


        def chart(title, x, y, *series, y_from=None):
            """Lines over two axes that begin and end at round numbers."""
            figure = leather.Chart(title)
            for name, points in series:
                figure.add_line(points or [(0, 0)], name=name, width=1.5)
            if y_from is not None:
                top = max((value for _, points in series for _, value in points), default=0)
                figure.add_y_scale(y_from, top * 1.05 or 1)
            figure.add_x_axis(name=x)
            figure.add_y_axis(name=y)
            return figure


        genome, kmers = stats["genome"], stats["kmers"]
        windows = [
            (window["start"] / 1000, window["gc_percent"])
            for window in genome["windows"]
            if window["gc_percent"] is not None and window["start"] + genome["window"] <= genome["length"]
        ]
        quality = [
            (name, [(row["cycle"], row["mean_quality"]) for row in rows])
            for name, rows in groupby(stats["quality_by_cycle"], key=lambda row: row["read_file"])
        ]
        # Sequencing errors make k-mers that occur once, and repeats some that occur very often: both would dwarf the
        # peak at the coverage. Show where 99 % of the others lie.
        once = sum(number for times, number in kmers["spectrum"] if times == 1)
        shown, seen = [], once
        for times, number in kmers["spectrum"]:
            if times > 1 and seen < 0.99 * kmers["total"]:
                shown.append((times, number))
                seen += times * number

        grid = leather.Grid()
        grid.add_many(
            [
                chart(
                    f"GC content of {genome['name']}, {genome['gc_percent']:.1f} % in all",
                    "position (kb)",
                    f"% in {genome['window']} bases",
                    (None, windows),
                ),
                chart("Mean quality by cycle", "cycle", "Phred score", *quality, y_from=0),
                chart(
                    f"Spectrum of {kmers['k']}-mers ({once:,} more occur once)",
                    "occurrences in all reads",
                    "k-mers",
                    (None, shown),
                    y_from=0,
                ),
                chart("GC content of reads", "% in a read", "reads", (None, stats["read_gc_histogram"]), y_from=0),
            ]
        )
        with open("genome_stats.svg", "w") as out:
            # Some viewers leave out a label whose dy is empty, as leather writes it.
            out.write(str(grid.to_svg(width=1200, height=840)).replace(' dy=""', ""))
        PYTHON
    >>>

    output {
        File plot = "genome_stats.svg"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "1 GiB"
    }
}
