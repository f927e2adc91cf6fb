"""Tools that build, lock and judge the project; none of them is part of the product."""
