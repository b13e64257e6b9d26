//! Throughput over lines of no interest: `cargo bench -p mapwise-diagnose`.
//!
//! Prints the median of several passes over 128 MiB of mixed log lines, and the same with a crash
//! dump every 64 KiB. The lines are made here, so the figure does not depend on the disk.

#![allow(clippy::print_stdout, missing_docs)]

use std::io::Read;
use std::time::Instant;

use mapwise_diagnose::diagnose;

const TOTAL: usize = 128 << 20;
const PASSES: usize = 5;

fn ordinary() -> Vec<u8> {
    let mut block = String::new();
    for at in 0..700 {
        block += &format!(
            "2024-03-01T12:00:{:02}.{at:06}Z INFO server: request id={at} path=/users/{} status=200\n",
            at % 60,
            at % 97
        );
        block += &format!(
            "I1014 12:00:{:02}.000000   12345 controller.go:{at}] finished syncing \"default/web-{at}\"\n",
            at % 60
        );
        block += &format!("{{\"log\":\"level=info msg=\\\"cache hit\\\" key=user:{at}\\n\",\"stream\":\"stdout\"}}\n");
    }
    block.into_bytes()
}

/// One block, again and again.
struct Repeated<'a> {
    block: &'a [u8],
    at: usize,
    left: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = out.len().min(self.block.len() - self.at).min(self.left);
        out[..read].copy_from_slice(&self.block[self.at..self.at + read]);
        self.at = (self.at + read) % self.block.len();
        self.left -= read;
        Ok(read)
    }
}

fn measure(name: &str, block: &[u8], total: usize) {
    let pass = || {
        let start = Instant::now();
        let read = diagnose(Repeated { block, at: 0, left: total }, &Default::default()).expect("memory can be read");
        assert_eq!(read.bytes as usize, total);
        total as f64 / (1 << 20) as f64 / start.elapsed().as_secs_f64()
    };
    let mut rates: Vec<f64> = (0..PASSES).map(|_| pass()).collect();
    rates.sort_by(f64::total_cmp);
    println!("{name}: median {:.0} MiB/s, {:.0} to {:.0}", rates[PASSES / 2], rates[0], rates[PASSES - 1]);
}

fn main() {
    let plain = ordinary();
    measure("lines of no interest", &plain, TOTAL);
    let dump = "fatal error: concurrent map writes\n\ngoroutine 7 [running]:\nmain.(*Cache).Set(0x0?)\n\t/app/main.go:23 +0x36\n";
    let mixed = [&plain[..64 << 10], dump.as_bytes()].concat();
    measure("a crash every 64 KiB", &mixed, TOTAL / 8);
}
