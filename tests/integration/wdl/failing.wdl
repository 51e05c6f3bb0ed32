version 1.1

task fail {
    input {
        Int code
    }
    command <<<
        echo "something went wrong in here" >&2
        exit ~{code}
    >>>
    output {}
    runtime {
        docker: "debian:stable-slim"
    }
}

workflow failing {
    input {
        Int code = 42
    }
    call fail { input: code = code }
}
