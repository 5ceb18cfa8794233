//! Looks at what lies outside, and at what is hidden in the workspace.

use std::path::PathBuf;

use pinfold_confine::hex;
use pinfold_plan::Promise::{IpcOutside, NothingInherited, ReadsConfined, RootIsNobody, SecretsHidden};
use pinfold_policy::{Access, decide};
use sha2::{Digest, Sha256};

use super::super::likeness::{Likeness, Look};
use super::super::scene::VARIABLE;
use super::{FILE_NUMBER, Listed, PIPE_NUMBER, attempt, only_for_root, prepared, steals, through_processes};
use crate::attack::Scene;
use crate::linux::doctor::scratch;

pub(super) const ATTACKS: &[Listed] = &[
    (ReadsConfined, "read", "a file outside was read", |scene, _, name| {
        let canary = outside(scene, name)?;
        Ok(steals("read", [canary.join("file")], scene.token(name)))
    }),
    (ReadsConfined, "list", "a directory outside was listed", |scene, _, name| {
        let canary = outside(scene, name)?;
        prepared(std::fs::write(canary.join(scene.token("entry")), ""))?;
        Ok(steals("list", [canary], scene.token("entry")))
    }),
    (ReadsConfined, "read-key", "a key in a directory like ~/.ssh was read", |scene, _, name| {
        let directory = outside(scene, name)?.join(".ssh");
        prepared(std::fs::create_dir(&directory))?;
        prepared(std::fs::write(directory.join("id_ed25519"), scene.token("key")))?;
        Ok(steals("read", [directory.join("id_ed25519")], scene.token("key")))
    }),
    (ReadsConfined, "list-home", "the real home directory was listed", |scene, _, _| {
        // Where the scene is in the home, the names on the way to it are there inside too; its neighbour is not.
        scene.must_forbid(Access::Read, &scene.outside)?;
        let neighbour = format!("neighbour-{}", scene.token("neighbour"));
        prepared(std::fs::write(scene.root.join(&neighbour), ""))?;
        Ok(steals("list", [&scene.root], neighbour))
    }),
    (ReadsConfined, "read-by-symlink", "a file outside was read through a link in the workspace", |scene, _, name| {
        let canary = outside(scene, name)?;
        let link = scene.workspace.join("leads-out-to-read");
        Ok(steals("read-by-symlink", [canary.join("file"), link], scene.token(name)))
    }),
    (
        ReadsConfined,
        "read-by-link",
        "a file outside was read through a hard link in the workspace",
        |scene, _, name| {
            let canary = outside(scene, name)?;
            let link = scene.workspace.join("linked-to-read");
            Ok(steals("read-by-link", [canary.join("file"), link], scene.token(name)))
        },
    ),
    (ReadsConfined, "read-by-proc", "a file outside was read through /proc/PID/root or cwd", |scene, _, name| {
        let canary = outside(scene, name)?;
        Ok(steals("read", through_processes(&canary.join("file")), scene.token(name)))
    }),
    (RootIsNobody, "shadow", "/etc/shadow was read", |_, _, _| {
        only_for_root()?;
        // By its digest: the real content goes nowhere.
        let content = prepared(std::fs::read("/etc/shadow"))?;
        let digest = hex(Sha256::digest(content));
        Ok(steals("digest", ["/etc/shadow"], digest))
    }),
    (SecretsHidden, "read-secret", "a .env file was read", |scene, _, name| {
        let secret = hidden(scene, name, ".env")?;
        Ok(steals("read", [secret], scene.token(name)))
    }),
    (SecretsHidden, "read-secret-below", "a .env.local file in a subdirectory was read", |scene, _, name| {
        let secret = hidden(scene, name, "sub/deeper/.env.local")?;
        Ok(steals("read", [secret], scene.token(name)))
    }),
    (SecretsHidden, "link-secret", "a .env file was read through a hard link", |scene, _, name| {
        let secret = hidden(scene, name, "linked/.env")?;
        Ok(steals("read-by-link", [secret, scene.workspace.join("linked-secret")], scene.token(name)))
    }),
    (SecretsHidden, "change-secret", "a .env file was overwritten", |scene, _, name| {
        let secret = hidden(scene, name, "changed/.env")?;
        let before = Likeness::of(&secret, Look::Content);
        Ok(attempt("overwrite", [secret.clone()], move |_| Likeness::of(&secret, Look::Content) != before))
    }),
    (SecretsHidden, "move-secret", "a .env file was renamed", |scene, _, name| {
        let secret = hidden(scene, name, "moved/.env")?;
        Ok(attempt("rename", [secret.clone(), scene.workspace.join("moved/open")], move |_| !secret.exists()))
    }),
    (IpcOutside, "shared-memory", "shared memory of another program was read", |scene, _, name| {
        let token = scene.token(name);
        Ok(steals("read", [shared_memory(scene, &token)?], token))
    }),
    (NothingInherited, "variable", "a variable of the caller's was read", |scene, _, _| {
        let selected = scene.setting.policy.env.select([(VARIABLE.into(), "".into())]);
        if selected.iter().any(|(name, _)| name == VARIABLE) {
            return Err("the policy lets every variable in".into());
        }
        Ok(attempt("variable", [VARIABLE], stolen_alone(scene.token(VARIABLE))))
    }),
    (NothingInherited, "environment-above", "the environment of pid 1 was read", |scene, _, _| {
        Ok(steals("environment-above", [VARIABLE], format!("{VARIABLE}={}", scene.token(VARIABLE))))
    }),
    (NothingInherited, "open-file", "a file that the caller had open was read", |scene, _, _| {
        Ok(steals("descriptors", [FILE_NUMBER], scene.token("inherited file")))
    }),
    (NothingInherited, "open-pipe", "a pipe that the caller had open was read", |scene, _, _| {
        Ok(steals("descriptors", [PIPE_NUMBER], scene.token("inherited pipe")))
    }),
];

/// Other attacks print the same value after its name.
fn stolen_alone(token: String) -> impl Fn(&super::Word<'_>) -> bool {
    move |word| word.said.lines().any(|line| line == token)
}

fn outside(scene: &Scene<'_>, name: &str) -> Result<PathBuf, String> {
    let canary = prepared(scene.canary(name))?;
    scene.must_forbid(Access::Read, &canary)?;
    Ok(canary)
}

/// A secret file in the workspace that the policy hides.
fn hidden(scene: &Scene<'_>, name: &str, path: &str) -> Result<PathBuf, String> {
    let there = scene.setting.caller.workspace.join(path);
    if decide(&scene.setting.policy, Access::Read, &there).allowed {
        return Err("the policy does not hide .env files".into());
    }
    let secret = scene.workspace.join(path);
    prepared(std::fs::create_dir_all(secret.parent().unwrap_or(&scene.workspace)))?;
    prepared(std::fs::write(&secret, scene.token(name)))?;
    Ok(secret)
}

/// The one thing outside of the test's own directory, because shared memory is nowhere else. It goes with the scene.
fn shared_memory(scene: &Scene<'_>, token: &str) -> Result<PathBuf, String> {
    let path = scratch::shared_memory(&scene.setting.root, scene.side);
    prepared(std::fs::write(&path, token))?;
    Ok(path)
}
