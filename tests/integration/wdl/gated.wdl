version 1.1

# The first calls end at once; the last one waits until a file is there, then fails if it is not empty.
workflow gated {
    input {
        String gate
    }
    scatter (name in ["Ada", "Grace"]) {
        call write { input: name }
    }
    call wait { input: after = write.letter, gate }
    output {
        Array[File] letters = write.letter
        File end = wait.end
    }
}

task write {
    input {
        String name
    }
    command <<<
        echo "Hello, ~{name}!" > letter.txt
        echo draft > draft.txt
    >>>
    output {
        File letter = "letter.txt"
        File draft = "draft.txt"
    }
}

task wait {
    input {
        Array[File] after
        String gate
    }
    command <<<
        until [ -e "~{gate}" ]; do sleep 0.1; done
        cat ~{sep(" ", after)} > end.txt
        [ ! -s "~{gate}" ]
    >>>
    output {
        File end = "end.txt"
    }
}
