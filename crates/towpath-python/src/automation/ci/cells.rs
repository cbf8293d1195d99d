//! The cells of a matrix: every cell so far with every value of the next key.

/// Most cells that a matrix is read to; no service runs as many jobs.
pub(super) const MOST_CELLS: usize = 256;

/// Returns every cell with every value, as `with` puts the value into a copy of the cell.
pub(super) fn product<C: Clone, V>(cells: &[C], values: &[V], with: impl Fn(&mut C, &V)) -> Vec<C> {
    let mut all = Vec::new();
    for (cell, value) in cells
        .iter()
        .flat_map(|cell| values.iter().map(move |value| (cell, value)))
        .take(MOST_CELLS)
    {
        let mut cell = cell.clone();
        with(&mut cell, value);
        all.push(cell);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_key_varies_slowest() {
        let push = |cell: &mut String, value: &&str| cell.push_str(value);
        let cells = product(&[String::new()], &["a", "b"], push);
        assert_eq!(product(&cells, &["1", "2"], push), ["a1", "a2", "b1", "b2"]);
        assert_eq!(product(&cells, &[], push), Vec::<String>::new());
        assert_eq!(product(&[(); 20], &[(); 20], |(), ()| ()).len(), MOST_CELLS);
    }
}
