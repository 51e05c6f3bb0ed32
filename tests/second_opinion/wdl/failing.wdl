version 1.1

# A task that says why it can't go on, and ends with an exit code of its own.
task failing {
    input {
        String image
    }

    command <<<
        echo "so sorry" >&2
        exit 3
    >>>

    runtime {
        docker: image
        cpu: 1
        memory: "128 MiB"
    }
}
