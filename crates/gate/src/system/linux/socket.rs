//! Questions to single sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::{RecvFlags, Shutdown, sockopt};
use tokio::net::TcpStream;

/// The address that a connection to `own` was meant for, if the kernel redirected it.
pub(crate) fn original_destination(stream: &TcpStream, own: SocketAddr) -> Option<SocketAddr> {
    match own {
        SocketAddr::V4(_) => sockopt::ip_original_dst(stream).ok().map(SocketAddr::V4),
        SocketAddr::V6(_) => sockopt::ipv6_original_dst(stream).ok().map(SocketAddr::V6),
    }
}

/// Asks a peer that is silent whether it is still there, after so long.
pub(crate) fn keep_alive(stream: &TcpStream, after: Duration) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    Ok(sockopt::set_tcp_keepidle(stream, after)?)
}

/// Has the peer not closed it yet?
pub(crate) fn is_open(stream: &TcpStream) -> bool {
    match rustix::net::recv(stream, &mut [0; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((count, _)) => count > 0,
        Err(error) => error == rustix::io::Errno::AGAIN,
    }
}

/// Makes the end of a connection a reset, which nobody takes for the end of the data.
pub(crate) fn break_off(stream: &TcpStream) {
    let _ = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

/// Says that nothing more comes. What cannot be told so is gone already.
pub(crate) fn end_writing(stream: &TcpStream) {
    let _ = rustix::net::shutdown(stream, Shutdown::Write);
}

/// How many bytes there are to be read, of `most`; at least one, where nobody knows.
pub(crate) fn waiting_bytes(stream: &TcpStream, most: usize) -> usize {
    rustix::io::ioctl_fionread(stream).unwrap_or(1).clamp(1, most as u64) as usize
}
