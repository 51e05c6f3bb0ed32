version 1.1

task greet {
    input {
        String name
    }
    command <<<
        echo "greeting ~{name}" >&2
        echo "Hello, ~{name}!"
    >>>
    output {
        String message = read_string(stdout())
        File letter = stdout()
    }
    runtime {
        docker: "debian:stable-slim"
        cpu: 1
        memory: "256 MiB"
    }
}

workflow hello {
    input {
        Array[String] names = ["Ada"]
    }
    scatter (name in names) {
        call greet { input: name = name }
    }
    output {
        Array[String] messages = greet.message
        Array[File] letters = greet.letter
    }
}
