//! What lies in the folders of `find-links`: part of every question to uv, since another archive there gives
//! another answer on the same day.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use toml::{Table, Value};

/// Returns what is on offer at a place that an option, a variable or a setting names, below `folder` where it
/// is relative: the files with their sizes and times. Pages are asked anew each day.
pub(super) fn offered(place: &str, folder: &Path) -> String {
    let place = place.strip_prefix("file://").unwrap_or(place);
    if place.contains("://") {
        return String::new();
    }
    let path = folder.join(place);
    let entries = fs_err::read_dir(&path).into_iter().flatten().flatten();
    let mut lines: Vec<String> = entries
        .filter_map(|entry| {
            let data = fs_err::metadata(entry.path()).ok()?;
            Some(line(&entry.file_name().to_string_lossy(), &data))
        })
        .collect();
    if let Ok(data) = fs_err::metadata(&path)
        && data.is_file()
    {
        lines.push(line(place, &data));
    }
    lines.sort_unstable();
    lines.concat()
}

/// Returns what is on offer at the places that settings of uv in `folder` name.
pub(super) fn offered_by(settings: &str, folder: &Path) -> String {
    let Ok(settings) = settings.parse::<Table>() else {
        return String::new();
    };
    let pip = settings.get("pip").and_then(Value::as_table);
    let mut places: Vec<&str> = Vec::new();
    for table in [Some(&settings), pip].into_iter().flatten() {
        let links = table.get("find-links").and_then(Value::as_array);
        places.extend(links.into_iter().flatten().filter_map(Value::as_str));
    }
    let indexes = settings.get("index").and_then(Value::as_array);
    let urls = indexes.into_iter().flatten();
    places.extend(urls.filter_map(|index| index.get("url")?.as_str()));
    places
        .into_iter()
        .map(|place| offered(place, folder))
        .collect()
}

fn line(name: &str, data: &Metadata) -> String {
    let time = data.modified().ok();
    let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{name} {} {time:?}\n", data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_local_place_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let wheels = folder.path().join("wheels");
        fs_err::create_dir(&wheels).expect("a folder");
        let whole = wheels.display().to_string();
        let settings = [
            format!("find-links = [{whole:?}]"),
            "[pip]\nfind-links = ['wheels']".to_owned(),
            "[[index]]\nurl = 'wheels'\nformat = 'flat'".to_owned(),
        ];
        let all = || {
            let mut all: Vec<String> = ["wheels", &whole, &format!("file://{whole}")]
                .map(|place| offered(place, folder.path()))
                .to_vec();
            all.extend(settings.iter().map(|one| offered_by(one, folder.path())));
            all.dedup();
            all
        };
        let mut seen = vec![all()];
        assert_eq!(seen, [[""]]);
        for text in ["one", "three"] {
            fs_err::write(wheels.join("a-1-py3-none-any.whl"), text).expect("a file");
            let now = all();
            assert_eq!(now.len(), 1, "{now:?}");
            assert!(!seen.contains(&now), "{now:?}");
            seen.push(now);
        }
        assert_eq!(offered("https://example.org/links", folder.path()), "");
        assert_eq!(offered("nowhere", folder.path()), "");
    }
}
