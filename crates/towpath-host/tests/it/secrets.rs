//! No way to cut a stream into pieces, and no way in which programs write a value, lets a secret through.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use towpath_host::secret::{Masker, Secret};

/// Each seed is one stream with secrets of its own.
const SEEDS: u64 = 300;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +/=&%$!'\"\\`<>;:,.-_#@{}[]()|*?~äß€\t\n";
/// Longer runs of a base64 text than this tell something of the secret in it.
const UNSURE: usize = 4;

/// The same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn text(&mut self, length: usize) -> String {
        let alphabet: Vec<char> = ALPHABET.chars().collect();
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }

    /// A secret whose ends are no blanks, since programs cut these off.
    fn secret(&mut self) -> String {
        let length = 6 + self.below(60);
        format!("s{}s", self.text(length))
    }
}

/// Writes a value as some program would, and returns what of it must not be seen.
fn write(value: &str, way: usize, random: &mut Random) -> (String, Vec<String>) {
    let whole = |text: String| (text.clone(), vec![text]);
    let replaced = |pairs: &[(&str, &str)]| {
        let mut text = value.to_owned();
        for (character, escape) in pairs {
            text = text.replace(character, escape);
        }
        text
    };
    let xml = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
        ("'", "&apos;"),
    ];
    match way {
        0 => whole(value.to_owned()),
        1 => whole(STANDARD.encode(value)),
        2 => whole(URL_SAFE.encode(value)),
        3 => in_base64(value, random),
        4 => {
            let json = serde_json::to_string(value).unwrap();
            (json.clone(), vec![json.trim_matches('"').to_owned()])
        }
        5 => whole(percent(value, "-_.~", "%20")),
        6 => whole(percent(value, "-_.*", "+")),
        7 => whole(replaced(&xml)),
        8 => whole(replaced(&xml[..3])),
        9 => (
            format!("'{}'", replaced(&[("'", "'\\''")])),
            vec![replaced(&[("'", "'\\''")])],
        ),
        10 => whole(replaced(&[("'", "''")])),
        11 => whole(replaced(&[("\"", "\\\"")])),
        12 => whole(replaced(&[("`", "``"), ("\"", "`\""), ("$", "`$")])),
        _ => {
            // The lines of a value far from each other.
            let lines: Vec<&str> = value.lines().map(str::trim).collect();
            let seen = lines.iter().filter(|line| line.len() >= 4);
            let seen = seen.map(|&line| line.to_owned()).collect();
            (lines.join("\nbetween\n"), seen)
        }
    }
}

/// Base64 of a value between other bytes: every long run of what is sure of it is secret.
fn in_base64(value: &str, random: &mut Random) -> (String, Vec<String>) {
    let before = random.below(40);
    let mut bytes = vec![b'u'; before];
    bytes.extend_from_slice(value.as_bytes());
    bytes.extend(vec![b'v'; random.below(40)]);
    let text = STANDARD_NO_PAD.encode(bytes);
    let sure = (before * 8).div_ceil(6)..(before + value.len()) * 8 / 6;
    (text.clone(), vec![text[sure].to_owned()])
}

fn percent(value: &str, kept: &str, space: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b' ' => space.to_owned(),
            _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn mask_in_pieces(masker: &Masker, stream: &[u8], longest: usize, random: &mut Random) -> Vec<u8> {
    let mut masker = masker.clone();
    let mut output = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(1 + random.below(longest.min(rest.len())));
        masker.mask(piece, &mut output);
        rest = after;
    }
    masker.finish(&mut output);
    output
}

fn holds(output: &[u8], text: &str) -> bool {
    output
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn nothing_leaks_however_it_is_written_and_cut() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let values: Vec<String> = (0..=random.below(4)).map(|_| random.secret()).collect();
        let secrets: Vec<Secret> = values.iter().map(Secret::new).collect();
        let masker = Masker::new(&secrets);
        let mut stream = String::from("begin ");
        let mut hidden = Vec::new();
        for _ in 0..20 {
            let value = values[random.below(values.len())].clone();
            let way = random.below(14);
            let (text, seen) = write(&value, way, &mut random);
            hidden.extend(seen.into_iter().map(|text| (way, text)));
            let filler = random.below(12);
            stream += &format!("\u{1}{}\u{2}{text}\u{3}", random.text(filler));
        }
        stream += " end";
        let at_once = masker.mask_text(&stream);
        for longest in [1, 2, 7, 100, 10_000] {
            let output = mask_in_pieces(&masker, stream.as_bytes(), longest, &mut random);
            assert_eq!(
                String::from_utf8_lossy(&output),
                at_once,
                "seed {seed}, pieces up to {longest}"
            );
        }
        assert!(
            at_once.starts_with("begin ") && at_once.ends_with(" end"),
            "seed {seed}"
        );
        for (way, text) in hidden {
            let is_sure = way != 3 || text.len() > UNSURE;
            assert!(
                !is_sure || !holds(at_once.as_bytes(), &text),
                "seed {seed}, way {way}: {text:?}"
            );
        }
    }
}

#[test]
fn what_is_no_secret_passes_unchanged() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let masker = Masker::new(&[Secret::new("\u{4}never\u{4}in\u{4}text\u{4}")]);
        let length = random.below(3000);
        let mut stream = random.text(length).into_bytes();
        for _ in 0..20 {
            let place = random.below(stream.len() + 1);
            let byte = random.next().to_le_bytes()[0];
            stream.insert(place, if byte == 4 { 0xff } else { byte });
        }
        let output = mask_in_pieces(&masker, &stream, 300, &mut random);
        assert!(output == stream, "seed {seed}");
    }
}
