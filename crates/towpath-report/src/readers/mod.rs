//! Readers of what tools write: bytes in, findings, test cases or coverage out. One file each.
