//! No way to cut a stream into pieces changes what is masked of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_host::secret::{Masker, Secret};

fuzz_target!(|input: (Vec<String>, Vec<Vec<u8>>)| {
    let (values, pieces) = input;
    let secrets: Vec<Secret> = values.into_iter().map(Secret::new).collect();
    let masker = Masker::new(&secrets);
    let mask = |pieces: &[&[u8]]| {
        let mut masker = masker.clone();
        let mut output = Vec::new();
        for piece in pieces {
            masker.mask(piece, &mut output);
        }
        masker.finish(&mut output);
        output
    };
    let whole = pieces.concat();
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let single: Vec<&[u8]> = whole.chunks(1).collect();
    let at_once = mask(&[&whole]);
    assert_eq!(mask(&pieces), at_once);
    assert_eq!(mask(&single), at_once);
});
