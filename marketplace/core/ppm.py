"""Parts per million, in which shares and rates are whole numbers."""

WHOLE_PPM = 1_000_000
