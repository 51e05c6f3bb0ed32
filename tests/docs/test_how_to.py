"""The pages of a user who has an account, for which a local cloud stands in: their examples do what the pages say."""

GROUP = "how-to"


def test_its_examples_do_what_it_says(page, reading):
    wrong = reading.upto(page)
    assert not wrong, "\n\n".join([*wrong, "where the page is to say so: python docs/runs.py --write"])
