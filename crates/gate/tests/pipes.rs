//! A gate whose link are two pipes, as everywhere but on Linux.

mod support;

use std::net::Ipv4Addr;

use pinfold_gate::link::{Order, Report, VERSION};
use support::link_pipes::Link;
use support::peers::echo;
use support::{Listeners, SOON, allow, meant_for, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

async fn next(reports: &mut UnboundedReceiver<Report>) -> Option<Report> {
    timeout(SOON, reports.recv()).await.expect("in time")
}

#[tokio::test]
async fn orders_come_in_and_reports_go_out_by_pipes() {
    let port = echo().await;
    let link = Link::start(start(&allow(port)), Listeners::new(0), meant_for(port));
    let mut reports = link.listen();
    let Some(Report::Ready { version: VERSION, proxy: Some(proxy), .. }) = next(&mut reports).await else {
        panic!("not ready")
    };
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy)).await.expect("a connection");
    let request = format!("CONNECT a.example:{port} HTTP/1.1\r\nHost: a.example:{port}\r\n\r\n\0");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = vec![0; 12];
    timeout(SOON, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(answer, b"HTTP/1.1 200");
    assert!(matches!(next(&mut reports).await, Some(Report::Connected { .. })));
    drop(stream);
    link.order(Order::Stop);
    while let Some(report) = next(&mut reports).await {
        assert!(matches!(report, Report::Closed { .. }), "{report:?}");
    }
}

#[tokio::test]
async fn a_gate_whose_pipe_closes_ends() {
    let link = Link::start(start("allow = []"), Listeners::new(0), meant_for(1));
    let mut reports = link.listen();
    assert!(matches!(next(&mut reports).await, Some(Report::Ready { .. })));
    drop(link);
    assert!(next(&mut reports).await.is_none());
}
