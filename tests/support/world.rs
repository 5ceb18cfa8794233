//! An internet of the test's own: names, addresses and services that nobody else has.
//!
//! | name | address | services |
//! | --- | --- | --- |
//! | `api.example.com`, `www.example.com` | 93.184.216.34 | HTTP, HTTPS for the first, echo on 7, something on 22, UDP 53 and 443 |
//! | `db.corp.test`, to the host's resolver also `db` | 93.184.216.34 | HTTP, HTTPS on 8444 |
//! | `six.example.com` | 2606:2800:220:1::34 | HTTP |
//! | `evil.example.com` | 93.184.216.35 | HTTP, HTTPS |
//! | `inner.example.com` | 10.9.8.7 | HTTP; a proxy of a company on 3128 |
//! | `metadata.example.com` | 169.254.169.254 | HTTP |
//! | `rebound.example.com`, `localhost` | 127.0.0.1 | HTTP on 8080 |

/// The files of its directory, `$WORLD`. `bash $WORLD/enter.sh COMMAND` sets it up and runs a command in it, in the
/// directory `$FROM`.
pub const WORLD: [(&str, &str); 2] =
    [("enter.sh", include_str!("world.sh")), ("services.py", include_str!("world.py"))];

/// Programs that it needs.
pub const WORLD_NEEDS: [&str; 5] = ["ip", "openssl", "python3", "setpriv", "unshare"];
