"""What stage 2 may be trained by: one file per objective (docs/spec.md, section 2)."""
