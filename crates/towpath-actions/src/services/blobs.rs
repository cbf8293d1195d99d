//! What is being uploaded: in one piece, in blocks that a list puts in order (as Azure's storage takes
//! them), or in ranges. What is complete is downloaded from the stores.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;
use tiny_http::Method;

use super::Shared;
use super::request::{Answer, Asked};
use crate::artifacts::Pending;
use crate::cache::Entry;

/// Most bytes of a list of blocks.
const MOST: u64 = 16 << 20;

/// The uploads of a run, and the caches that were offered for download.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Mutex<Upload>>>>,
    offered: Mutex<BTreeMap<u64, Entry>>,
}

/// One upload.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) target: Target,
    /// Blocks by their names, in files of their own, since they come in any order.
    blocks: BTreeMap<String, File>,
}

/// What it becomes.
#[derive(Debug)]
pub(super) enum Target {
    Artifact {
        name: String,
        pending: Pending,
    },
    Cache {
        key: String,
        version: String,
        file: NamedTempFile,
    },
}

impl Target {
    fn file(&mut self) -> &mut File {
        match self {
            Self::Artifact { pending, .. } => pending.file.as_file_mut(),
            Self::Cache { file, .. } => file.as_file_mut(),
        }
    }
}

impl Blobs {
    /// Opens an upload and returns its number.
    pub(super) fn open(&self, target: Target) -> u64 {
        let number = self.number();
        let upload = Upload {
            target,
            blocks: BTreeMap::new(),
        };
        lock(&self.open).insert(number, Arc::new(Mutex::new(upload)));
        number
    }

    /// Takes the upload that `is_wanted` wants, which is then closed.
    pub(super) fn close(&self, is_wanted: impl Fn(u64, &Target) -> bool) -> Option<Target> {
        let mut open = lock(&self.open);
        let number = open
            .iter()
            .find(|(number, upload)| is_wanted(**number, &lock(upload).target))
            .map(|(number, _)| *number)?;
        let upload = Arc::into_inner(open.remove(&number)?)?;
        let upload = upload.into_inner().unwrap_or_else(PoisonError::into_inner);
        Some(upload.target)
    }

    /// Offers a cache for download and returns the number of the offer.
    pub(super) fn offer(&self, entry: Entry) -> u64 {
        let number = self.number();
        lock(&self.offered).insert(number, entry);
        number
    }

    /// Writes a range of an upload.
    pub(super) fn write_at(&self, number: u64, start: u64, body: &mut dyn Read) -> io::Result<()> {
        let upload = self.find(number)?;
        let mut upload = lock(&upload);
        let file = upload.target.file();
        file.seek(SeekFrom::Start(start))?;
        io::copy(body, file).map(drop)
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn find(&self, number: u64) -> io::Result<Arc<Mutex<Upload>>> {
        let found = lock(&self.open).get(&number).cloned();
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such upload"))
    }

    fn write_block(&self, number: u64, name: &str, body: &mut dyn Read) -> io::Result<()> {
        let upload = self.find(number)?;
        let mut block = tempfile::tempfile()?;
        io::copy(body, &mut block)?;
        lock(&upload).blocks.insert(name.to_owned(), block);
        Ok(())
    }

    /// Puts the blocks together in the order of a list.
    fn join(&self, number: u64, list: &str) -> io::Result<()> {
        let upload = self.find(number)?;
        let mut upload = lock(&upload);
        let upload = &mut *upload;
        for name in names(list) {
            let block = upload.blocks.get_mut(name).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "a block of the list is missing")
            })?;
            block.seek(SeekFrom::Start(0))?;
            io::copy(block, upload.target.file())?;
        }
        upload.blocks.clear();
        upload.target.file().flush()
    }
}

/// Returns the names in `<BlockList><Latest>NAME</Latest>…</BlockList>`.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split('<').filter_map(|part| {
        let (element, name) = part.split_once('>')?;
        matches!(element, "Latest" | "Uncommitted" | "Committed").then(|| name.trim())
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers requests for one blob: `NUMBER` is an upload or a cache, `a-NAME` an artifact.
pub(super) fn answer(shared: &Shared, asked: &mut Asked<'_>, name: &str) -> Answer {
    let result = match asked.method {
        Method::Put => upload(shared, asked, name),
        Method::Get | Method::Head => download(shared, name),
        _ => return Answer::error(404, "blobs are only put and got"),
    };
    result.unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Answer::error(404, &error.to_string()),
        _ => Answer::error(500, &error.to_string()),
    })
}

fn upload(shared: &Shared, asked: &mut Asked<'_>, name: &str) -> io::Result<Answer> {
    let number = name.parse().unwrap_or(0);
    match asked.query("comp") {
        Some("block") => {
            let block = asked.query("blockid").unwrap_or_default().to_owned();
            shared.blobs.write_block(number, &block, asked.body)?;
        }
        Some("blocklist") => {
            let mut list = String::new();
            (&mut *asked.body).take(MOST).read_to_string(&mut list)?;
            shared.blobs.join(number, &list)?;
        }
        _ => shared.blobs.write_at(number, 0, asked.body)?,
    }
    Ok(Answer::Empty(201))
}

fn download(shared: &Shared, name: &str) -> io::Result<Answer> {
    let absent = || io::Error::new(io::ErrorKind::NotFound, "there is no such blob");
    if let Some(id) = name.strip_prefix("artifact-") {
        let all = shared.artifacts.list().map_err(io::Error::other)?;
        let artifact = all.iter().find(|artifact| artifact.id.to_string() == id);
        let artifact = artifact.ok_or_else(absent)?;
        let file = shared.artifacts.open(artifact).map_err(io::Error::other)?;
        return Ok(Answer::File(file));
    }
    let number: u64 = name.parse().map_err(|_| absent())?;
    let entry = lock(&shared.blobs.offered).get(&number).cloned();
    let file = shared.caches.open(&entry.ok_or_else(absent)?);
    Ok(Answer::File(file.map_err(io::Error::other)?))
}

impl Shared {
    /// Returns the address of a blob.
    pub(super) fn blob_url(&self, name: &str) -> String {
        format!(
            "{}towpath/blobs/{name}?sig={}",
            self.url,
            self.token.signature()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_blocks_in_order() {
        let list = "<?xml version=\"1.0\"?><BlockList><Latest>Yg==</Latest><Uncommitted>YQ==\
                    </Uncommitted></BlockList>";
        assert_eq!(names(list).collect::<Vec<_>>(), ["Yg==", "YQ=="]);
    }
}
