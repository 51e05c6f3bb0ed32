"""Options of the configuration as data: what each is for, read by one set of rules, and none of them misspelled."""
