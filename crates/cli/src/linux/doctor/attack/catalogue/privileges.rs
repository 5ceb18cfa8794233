//! Privileges, devices, and what root may do.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;

use pinfold_plan::Promise::{KernelSurface, NoPrivileges, RootIsNobody};
use rustix::mount::{UnmountFlags, unmount};

use super::{Attempt, Listed, attempt, only_for_root, prepared};
use crate::attack::Scene;
use crate::linux::doctor::scratch;

/// Of this one only the attacker itself can tell.
pub(super) const USER_NAMESPACE: &str = "user-namespace";

/// An account that is nobody's, and that only root can become.
const NOBODY: u32 = 65534;
/// Devices of the host that nobody inside has any use for.
const DEVICES: [&str; 9] = ["mem", "kmsg", "fuse", "kvm", "mapper", "loop-control", "vhost-net", "input", "hwrng"];

pub(super) const ATTACKS: &[Listed] = &[
    (NoPrivileges, USER_NAMESPACE, "a user namespace was made inside", |scene, _, _| {
        if scene.setting.plan.seccomp.nested_namespaces {
            return Err("the policy allows it".into());
        }
        Ok(attempt("user-namespace", [""; 0], |word| word.done))
    }),
    (NoPrivileges, "mount", "a file system was mounted", |scene, _, _| {
        only_for_root()?;
        let point = scratch::mount_point(&scene.setting.root, scene.side);
        prepared(std::fs::create_dir_all(&point))?;
        Ok(attempt("mount", [point.clone()], move |_| unmount(&point, UnmountFlags::DETACH).is_ok()))
    }),
    (NoPrivileges, "set-user", "a set-user-id program changed the user", |scene, _, _| set_user(scene)),
    (KernelSurface, "devices", "devices of the host are there", |_, _, _| {
        Ok(attempt("list", ["/dev"], |word| {
            DEVICES.iter().any(|device| word.said.lines().any(|line| line.strip_prefix("@entry ") == Some(device)))
        }))
    }),
    (RootIsNobody, "node", "a device node was made in the workspace", |scene, _, name| {
        only_for_root()?;
        let node = scene.workspace.join(name);
        Ok(attempt("node", [node.clone()], move |_| {
            std::fs::symlink_metadata(&node).is_ok_and(|metadata| metadata.file_type().is_char_device())
        }))
    }),
    (RootIsNobody, "own", "a file in the workspace was given to another user", |scene, _, name| {
        only_for_root()?;
        let file = scene.workspace.join(name);
        prepared(std::fs::write(&file, ""))?;
        Ok(attempt("own", [file.clone()], move |_| {
            std::fs::metadata(&file).is_ok_and(|metadata| metadata.uid() == NOBODY)
        }))
    }),
];

/// Root executes a program that belongs to another and sets the user: whose is the file that it makes?
fn set_user(scene: &Scene<'_>) -> Result<Attempt, String> {
    only_for_root()?;
    let program = scene.workspace.join("set-user");
    prepared(std::fs::copy(&scene.setting.caller.own, &program))?;
    prepared(std::os::unix::fs::chown(&program, Some(NOBODY), None))?;
    prepared(std::fs::set_permissions(&program, PermissionsExt::from_mode(0o4755)))?;
    let open = scene.workspace.join("open-to-all");
    prepared(std::fs::create_dir_all(&open))?;
    prepared(std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)))?;
    // Relative: that user could not go the whole way.
    let made = PathBuf::from("open-to-all/made");
    let seen = scene.workspace.join(&made);
    Ok(attempt("become", [program, made], move |_| {
        std::fs::metadata(&seen).is_ok_and(|metadata| metadata.uid() == NOBODY)
    }))
}
