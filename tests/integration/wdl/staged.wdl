version 1.1

# What travels to tasks from the submitting machine, and back: the names and the content of files.
workflow staged {
    input {
        Array[File] files
    }
    call listed { input: files }
    output {
        Array[String] names = listed.names
        File together = listed.together
    }
}

task listed {
    input {
        Array[File] files
    }
    command <<<
        while read -r file; do basename "$file"; done < ~{write_lines(files)}
        while read -r file; do cat "$file"; done < ~{write_lines(files)} > together.txt
    >>>
    output {
        Array[String] names = read_lines(stdout())
        File together = "together.txt"
    }
}
