//! Writers of reports: a run record in, bytes out. One file each.
