version 1.1

# A task that goes on until it is stopped.
task endless {
    input {
        String image
    }

    command <<<
        touch started
        sleep 600
    >>>

    runtime {
        docker: image
        cpu: 1
        memory: "128 MiB"
    }
}
