// SPDX-License-Identifier: GPL-2.0

//! The user's cache directory: everything the tool makes, outside the repository.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::fcntl::{fcntl, FcntlArg, FdFlag, Flock, FlockArg};
use nix::sys::statvfs::statvfs;

use crate::{Failure, Ui};

/// Marks a directory as a cache, for this tool and for backup programs (bford.info/cachedir).
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                        # Made by cargo series; `cargo series clean` empties it.\n";

/// Where things are kept. Shared by all clones of the repository.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: PathBuf,
}

/// Held while the cache is being changed; released when the process ends, however it ends.
pub struct Lock(#[allow(dead_code)] Flock<File>);

impl Cache {
    /// `$SERIES_CACHE`, or `rust-series` in the user's cache directory.
    pub fn open() -> Result<Self> {
        let dir = match (
            env::var_os("SERIES_CACHE"),
            env::var_os("XDG_CACHE_HOME"),
            env::var_os("HOME"),
        ) {
            (Some(dir), ..) => PathBuf::from(dir),
            (None, Some(dir), _) => Path::new(&dir).join("rust-series"),
            (None, None, Some(home)) => Path::new(&home).join(".cache/rust-series"),
            (None, None, None) => {
                return Err(Failure::new("there is no cache directory: HOME is not set")
                    .hint("set SERIES_CACHE to a new directory on a disk with space")
                    .into())
            }
        };
        Self::at(&dir)
    }

    /// A cache in `dir`, which is made if it is missing.
    pub fn at(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)
            .with_context(|| format!("cannot create the cache directory {}", dir.display()))?;
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot open the cache directory {}", dir.display()))?;
        let tag = dir.join(TAG);
        if !tag.exists() {
            // What is in it will be overwritten and removed: it must not be anybody's files.
            if fs::read_dir(&dir)?.next().is_some() {
                return Err(Failure::new(format!(
                    "{} has files, and is no cache directory of this tool",
                    dir.display()
                ))
                .hint("set SERIES_CACHE to a new or empty directory")
                .into());
            }
            fs::write(&tag, TAG_TEXT).with_context(|| format!("cannot write {}", tag.display()))?;
        }
        Ok(Self { dir })
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A file or directory in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// A log file that starts empty.
    pub fn new_log(&self, name: &str) -> Result<PathBuf> {
        let path = self.path("log").join(format!("{name}.log"));
        fs::create_dir_all(self.path("log"))?;
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Waits until no other `series` command changes the cache.
    pub fn lock(&self, ui: &Ui) -> Result<Lock> {
        let path = self.path("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        // Programs that outlive this one, since it was killed, go on holding the lock.
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
        let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Lock(lock)),
            Err((file, _)) => file,
        };
        ui.note("waiting for another `cargo series` to finish with the cache ...");
        Flock::lock(file, FlockArg::LockExclusive)
            .map(Lock)
            .map_err(|(_, err)| err)
            .with_context(|| format!("cannot lock {}", path.display()))
    }
}

/// Bytes that the user may still write in the file system of `dir`.
pub fn free_space(dir: &Path) -> Result<u64> {
    let stat = statvfs(dir).with_context(|| format!("cannot examine {}", dir.display()))?;
    Ok(stat.blocks_available() as u64 * stat.fragment_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_with_files_is_no_cache() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis"), "").unwrap();
        let err = Cache::at(dir.path()).unwrap_err().to_string();
        assert!(err.contains("is no cache directory"), "{err}");
        let new = dir.path().join("new");
        Cache::at(&new).unwrap();
        fs::write(new.join("out"), "").unwrap();
        Cache::at(&new).unwrap();
    }

    #[test]
    fn a_log_starts_empty() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(&dir.path().join("new")).unwrap();
        let log = cache.new_log("x").unwrap();
        fs::write(&log, "old").unwrap();
        assert_eq!(fs::read_to_string(cache.new_log("x").unwrap()).unwrap(), "");
    }
}
