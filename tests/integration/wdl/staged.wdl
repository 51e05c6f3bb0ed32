version 1.1

# What travels to tasks from the submitting machine, and back: the names and the content of files.
workflow staged {
    input {
        Array[File] files
        Array[File] indexes = []
    }
    call listed { input: files, indexes }
    output {
        Array[String] names = listed.names
        Array[String] indexed = listed.indexed
        File together = listed.together
    }
}

task listed {
    input {
        Array[File] files
        Array[File] indexes
    }
    command <<<
        while read -r file; do cat "$file.idx" || echo none; done < ~{write_lines(files)} > indexed.txt
        while read -r file; do basename "$file"; done < ~{write_lines(files)}
        while read -r file; do cat "$file"; done < ~{write_lines(files)} > together.txt
    >>>
    output {
        Array[String] names = read_lines(stdout())
        Array[String] indexed = read_lines("indexed.txt")
        File together = "together.txt"
    }
}
