version 1.1

import "lib/count.wdl" as lib

workflow importing {
    input {
        File text
    }
    call lib.count { input: text = text }
    output {
        Int lines = count.lines
    }
}
