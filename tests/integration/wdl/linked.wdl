version 1.2

# What is beside a file, what is in a folder, and where they lie.
task look {
    input {
        File reads
        File index
        Directory references
    }
    command <<<
        set -e
        cmp "~{reads}.bai" "~{index}" >&2
        cat "~{reads}" "~{reads}.bai"
        cd "~{references}"
        find . -type f | LC_ALL=C sort | while read -r name; do cat "$name"; done
    >>>
    output {
        String all = read_string(stdout())
    }
    runtime {
        docker: "debian:stable-slim"
    }
}

workflow linked {
    input {
        File reads
        File index
        Directory references
    }
    call look { input: reads, index, references }
    output {
        String all = look.all
    }
}
