//! Files that are there to be attacked, outside of everything writable and inside, and how they look afterwards.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_plan::windows::alone::Deed;

use super::attempt::Expected;
use super::{Breach, Mechanism, deed};

/// Two directories of the same files. They go with this.
#[derive(Debug)]
pub struct Scene {
    outside: PathBuf,
    inside: PathBuf,
}

/// What is done in both.
const DEEDS: [Deed; 5] = [Deed::Write, Deed::Create, Deed::MakeDirectory, Deed::Rename, Deed::Remove];

impl Scene {
    /// Makes both directories, with a name that nothing else has.
    pub fn build(outside: &Path, inside: &Path, name: &str) -> io::Result<Self> {
        let scene = Self { outside: outside.join(name), inside: inside.join(name) };
        for directory in [&scene.outside, &scene.inside] {
            std::fs::create_dir_all(directory)?;
            for file in DEEDS.into_iter().filter_map(deed::file).map(|name| directory.join(name)) {
                std::fs::File::create_new(&file)?;
                deed::fill(&file)?;
            }
        }
        Ok(scene)
    }

    /// The directory that nothing inside can write, for what else belongs to the check.
    pub fn outside(&self) -> &Path {
        &self.outside
    }

    /// What is tried: nothing outside should be done, everything inside should.
    pub fn attempts(&self) -> Vec<Expected> {
        [(&self.outside, false), (&self.inside, true)]
            .into_iter()
            .flat_map(|(place, done)| attacks(place, done))
            .collect()
    }

    /// What is not as it should be, by looking at the files, whatever has been told.
    pub fn judge(&self) -> Vec<Breach> {
        let outside = changes(&self.outside).into_iter().filter(|(_, changed)| *changed);
        let inside = changes(&self.inside).into_iter().filter(|(_, changed)| !changed);
        let what = |directory: &Path, what: &str, is: &str| {
            Breach::new(Mechanism::Attempt, format!("in {} a file {is} {what}", directory.display()))
        };
        let outside = outside.map(|(deed, _)| what(&self.outside, deed, "was"));
        outside.chain(inside.map(|(deed, _)| what(&self.inside, deed, "was not"))).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for directory in [&self.outside, &self.inside] {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

fn attacks(place: &Path, done: bool) -> [Expected; 5] {
    DEEDS.map(|deed| Expected::of_all(deed::attempt(deed, place), done))
}

/// What can have been done to a directory, and whether it was.
fn changes(directory: &Path) -> [(&'static str, bool); 5] {
    DEEDS.map(|deed| (deed::words(deed), deed::was_done(deed, directory)))
}

#[cfg(test)]
mod tests {
    use super::super::attempt::differences;
    use super::*;

    fn scene(name: &str) -> (Scene, PathBuf) {
        let root = std::env::temp_dir().join(format!("pinfold-scene-{}-{name}", std::process::id()));
        (Scene::build(&root.join("outside"), &root.join("inside"), "x").unwrap(), root)
    }

    fn try_out(attempts: &[Expected], which: impl Fn(&Expected) -> bool) -> String {
        let outcomes = attempts.iter().map(|expected| match which(expected) {
            true => serde_json::to_string(&expected.attempt.carry_out(&|_, _| Ok(()))).unwrap() + "\n",
            false => "{\"refused\":\"no\"}\n".to_owned(),
        });
        outcomes.collect()
    }

    #[test]
    fn a_sandbox_that_holds_has_no_breach() {
        let (scene, root) = scene("holds");
        let attempts = scene.attempts();
        let told = try_out(&attempts, |expected| expected.done);
        assert_eq!((scene.judge(), differences(&attempts, &told)), (vec![], vec![]));
        drop(scene);
        assert!(!root.join("inside/x").exists());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn where_nothing_is_confined_every_deed_is_seen() {
        let (scene, root) = scene("open");
        let attempts = scene.attempts();
        let told = try_out(&attempts, |_| true);
        assert_eq!((scene.judge().len(), differences(&attempts, &told).len()), (5, 5));
        drop(scene);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn where_nothing_can_be_done_at_all_the_same_is_seen() {
        let (scene, root) = scene("shut");
        assert_eq!(scene.judge().len(), 5);
        drop(scene);
        std::fs::remove_dir_all(root).unwrap();
    }
}
