"""How far inspiration estimates are from the truth, on derived pictures whose truth is known by construction.

photographs deals them out by author, derive makes the pictures, trial puts them together, embedding embeds them once,
methods tunes the contenders on one half, measure judges them on the other, and report writes it down.
"""
