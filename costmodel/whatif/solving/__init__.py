"""How `costmodel.solve` finds its answers: by exact roots, or by trying."""
