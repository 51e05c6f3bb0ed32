version 1.1

# A mistake: a task that cleans up a folder that is not its own.
task escape {
    input {
        String image
        String victim
    }

    command <<<
        set -e
        rm -rf "~{victim}"
    >>>

    output {
        String done = "done"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "256 MiB"
    }
}
