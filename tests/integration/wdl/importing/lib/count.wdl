version 1.1

task count {
    input {
        File text
    }
    command <<<
        wc -l < "~{text}"
    >>>
    output {
        Int lines = read_int(stdout())
    }
    runtime {
        docker: "debian:stable-slim"
    }
}
