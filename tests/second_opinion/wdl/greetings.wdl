version 1.1

# Three tasks: two that a scatter makes, and one that takes what they wrote.
workflow greetings {
    input {
        Array[String] names
        File greeting
        String image
    }

    scatter (name in names) {
        call greet {
            input:
            name, greeting, image
        }
    }

    call gather {
        input:
        said = greet.said, image
    }

    output {
        File all = gather.all
        Int lines = gather.lines
    }
}

task greet {
    input {
        String name
        File greeting
        String image
    }

    command <<<
        echo "about to greet ~{name}" >&2
        printf '%s, %s\n' "$(cat ~{greeting})" '~{name}' > said.txt
    >>>

    output {
        File said = "said.txt"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "128 MiB"
    }
}

task gather {
    input {
        Array[File] said
        String image
    }

    command <<<
        cat ~{sep(" ", said)} > all.txt
        wc -l < all.txt
    >>>

    output {
        File all = "all.txt"
        Int lines = read_int(stdout())
    }

    runtime {
        docker: image
        cpu: 1
        memory: "128 MiB"
    }
}
