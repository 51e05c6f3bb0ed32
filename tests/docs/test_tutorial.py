"""The README and the pages of a new user, who has a clone and nothing else: their examples do what the pages say."""

GROUP = "tutorial"


def test_its_examples_do_what_it_says(page, reading):
    wrong = reading.upto(page)
    assert not wrong, "\n\n".join([*wrong, "where the page is to say so: python docs/runs.py --write"])
