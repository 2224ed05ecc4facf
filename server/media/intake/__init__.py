"""Files on their way into the product: what each really is, whether it may stay, and why not, in words.

received ─► assembled ─► sniffed ─► measured in a child ─► scanned ─► accepted ─► its renditions, a job each
                            └────────────┴──────────────────┴─► refused: a code and a sentence on the sender's row
"""
