version 1.1

task third_time_lucky {
    input {
        File counter
    }
    command <<<
        # The tries tell each other apart by what is in their work directories: nothing, if they are really apart.
        ls > listing.txt
        n="$(basename "$PWD" | tr -d a-z)"
        n="${n:-1}"
        cat "~{counter}" > /dev/null
        echo "out of try $n"
        echo "err of try $n" >&2
        touch "left-by-$n"
        test "$n" -eq 3
    >>>
    output {
        Array[String] listing = read_lines("listing.txt")
        File out = stdout()
        File err = stderr()
    }
    runtime {
        docker: "debian:stable-slim"
        maxRetries: 3
    }
}

workflow flaky {
    input {
        File counter
    }
    call third_time_lucky { input: counter = counter }
    output {
        Array[String] listing = third_time_lucky.listing
        File out = third_time_lucky.out
        File err = third_time_lucky.err
    }
}
