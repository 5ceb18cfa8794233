//! Changes to what lies outside.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pinfold_plan::Promise::{CachesIntact, WritesConfined};
use pinfold_policy::{Access, AreaKind};

use super::super::likeness::{Likeness, Look};
use super::{Attempt, Listed, attempt, prepared, through_processes};
use crate::attack::Scene;

pub(super) const ATTACKS: &[Listed] = &[
    (WritesConfined, "overwrite", "a file outside was overwritten", |scene, _, name| {
        outside(scene, name, "overwrite", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "append", "a file outside was added to", |scene, _, name| {
        outside(scene, name, "append", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "shorten", "a file outside was shortened", |scene, _, name| {
        outside(scene, name, "shorten", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "create", "a file was made outside", |scene, _, name| {
        outside(scene, name, "plant", |canary| vec![canary.join("new").into()])
    }),
    (WritesConfined, "make-directory", "a directory was made outside", |scene, _, name| {
        outside(scene, name, "make-directory", |canary| vec![canary.join("new").into()])
    }),
    (WritesConfined, "remove", "a file outside was removed", |scene, _, name| {
        outside(scene, name, "remove", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "rename", "a file outside was renamed", |scene, _, name| {
        outside(scene, name, "rename", |canary| vec![canary.join("file").into(), canary.join("other").into()])
    }),
    (WritesConfined, "mode", "the mode of a file outside was changed", |scene, _, name| {
        outside(scene, name, "mode", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "times", "the times of a file outside were changed", |scene, _, name| {
        outside(scene, name, "times", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "attribute", "a file outside was given an attribute", |scene, _, name| {
        outside(scene, name, "attribute", |canary| vec![canary.join("file").into()])
    }),
    (WritesConfined, "symlink", "a link was made outside", |scene, _, name| {
        outside(scene, name, "symlink", |canary| vec!["/etc/passwd".into(), canary.join("link").into()])
    }),
    (
        WritesConfined,
        "write-by-symlink",
        "a file outside was written through a link in the workspace",
        |scene, _, name| {
            let link = scene.workspace.join("leads-out-to-write");
            outside(scene, name, "write-by-symlink", |canary| vec![canary.join("file").into(), link.clone().into()])
        },
    ),
    (
        WritesConfined,
        "write-by-link",
        "a file outside was written through a hard link in the workspace",
        |scene, _, name| {
            let link = scene.workspace.join("linked-to-write");
            outside(scene, name, "write-by-link", |canary| vec![canary.join("file").into(), link.clone().into()])
        },
    ),
    (WritesConfined, "write-upwards", "a file outside was written by a path with `..`", |scene, _, name| {
        outside(scene, name, "overwrite", |canary| {
            let name = canary.file_name().unwrap_or_default();
            vec![Path::new("../outside").join(name).join("file").into()]
        })
    }),
    (WritesConfined, "write-by-proc", "a file outside was written through /proc/PID/root or cwd", |scene, _, name| {
        outside(scene, name, "overwrite", |canary| through_processes(&canary.join("file")))
    }),
    (WritesConfined, "write-by-own-proc", "a file outside was written through /proc/self/root", |scene, _, name| {
        outside(scene, name, "overwrite", |canary| {
            let path = canary.join("file");
            ["self", "thread-self"].map(|own| format!("/proc/{own}/root{}", path.display()).into()).into()
        })
    }),
    (CachesIntact, "cache", "a package cache of the host was written to", |scene, _, _| in_cache(scene)),
];

/// Anything about a directory outside that is other than it was is harm.
fn outside(
    scene: &Scene<'_>,
    name: &str,
    verb: &'static str,
    words: impl Fn(&PathBuf) -> Vec<OsString>,
) -> Result<Attempt, String> {
    let canary = prepared(scene.canary(name))?;
    scene.must_forbid(Access::Write, &canary)?;
    let before = Likeness::of(&canary, Look::Close);
    Ok(attempt(verb, words(&canary), move |_| Likeness::of(&canary, Look::Close) != before))
}

/// Without the sandbox a directory of the test's own stands for the cache: the real one is not touched.
fn in_cache(scene: &Scene<'_>) -> Result<Attempt, String> {
    let areas = scene.setting.policy.layout();
    let mut caches = areas.filter(|area| area.kind == AreaKind::CopyOnWrite && area.path.is_dir());
    let cache = caches.next().ok_or("no package cache exists here")?;
    let name = format!("pinfold-doctor-{}", scene.token("cache"));
    let stands_for = if !scene.is_confined() { prepared(scene.canary("cache"))? } else { cache.path.clone() };
    let file = stands_for.join(name);
    Ok(attempt("plant", [&file.clone()], move |_| {
        // Should it be there after all, it goes.
        std::fs::remove_file(&file).is_ok()
    }))
}
