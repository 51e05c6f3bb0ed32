version 1.2

# Two hundred files, a folder with folders, and names that are not easy.
task make {
    input {
        Int count
    }
    command <<<
        mkdir -p files nested/deep/deeper nested/empty odd
        for number in $(seq ~{count}); do echo "$number" > "files/$number.txt"; done
        echo 1 > nested/deep/deeper/one
        echo 2 > nested/deep/two
        for name in "it's +20% #1.txt" "größe.txt" "=a,b;c.txt" "@at &.txt"; do echo "$name" > "odd/$name"; done
    >>>
    output {
        Array[File] files = glob("files/*.txt")
        Array[File] odd = glob("odd/*")
        Directory nested = "nested"
    }
    runtime {
        docker: "debian:stable-slim"
    }
}

workflow exported {
    input {
        Int count = 1
    }
    call make { input: count }
    output {
        Array[File] files = make.files
        Array[File] odd = make.odd
        Directory nested = make.nested
    }
}
