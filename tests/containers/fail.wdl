version 1.1

# A task that fails as its command does.
workflow failing {
    input {
        String image
        String script
    }

    call fail {
        input:
        image, script
    }
}

task fail {
    input {
        String image
        String script
    }

    command <<<
        ~{script}
    >>>

    output {
        File promised = "promised.txt"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "64 MiB"
    }
}
