//! A small disk for a server, so that it can be full.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What takes the room that is left.
const FILLER: &str = "filler";

/// A disk in memory, where the machine lets us mount one. Gone when this is dropped; whoever writes to it ends first.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts one with room for `megabytes` at `folder`; `None`, with a message, where only another user may.
    ///
    /// # Errors
    /// Where the folder can't be made.
    pub fn mount(folder: &Path, megabytes: u32) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "edgefold-tests"]);
        mount.stdout(Stdio::null()).stderr(Stdio::null());
        let mounted = mount.arg(folder).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Ok(Some(Self(folder.to_owned())));
        }
        println!("no disk can be mounted here, so none gets full");
        Ok(None)
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// Where there is room left and yet nothing can be written.
    pub fn fill(&self) -> io::Result<()> {
        let mut filler = File::create(self.0.join(FILLER))?;
        let piece = vec![0; 1 << 16];
        loop {
            match filler.write(&piece) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// Where that fails.
    pub fn free(&self) -> io::Result<()> {
        std::fs::remove_file(self.0.join(FILLER))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the server may still be ending.
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            println!("{} stays mounted", self.0.display());
        }
    }
}
