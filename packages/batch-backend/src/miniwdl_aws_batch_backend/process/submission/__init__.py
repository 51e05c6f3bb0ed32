"""How jobs get to AWS: alone while that goes at once, else together with those that are like them."""
