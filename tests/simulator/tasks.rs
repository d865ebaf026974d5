//! Workers in one thread: futures that are polled in an order that is drawn.

use std::future::poll_fn;
use std::num::NonZero;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use spectrum_cli::roster::Workers;

use crate::world::World;

pub struct Tasks<'w>(pub &'w World);

type Task<'t> = Pin<Box<dyn Future<Output = ()> + 't>>;

impl Tasks<'_> {
    /// Polls those who are at work; tells whether one of them is done.
    fn poll(&self, working: &mut Vec<Task<'_>>, context: &mut Context<'_>) -> bool {
        let before = working.len();
        let mut at = self.0.draw(before);
        for _ in 0..before {
            if working.is_empty() {
                break;
            }
            at %= working.len();
            match working[at].as_mut().poll(context) {
                Poll::Ready(()) => drop(working.swap_remove(at)),
                Poll::Pending => at += 1,
            }
        }
        working.len() < before
    }
}

impl Workers for Tasks<'_> {
    async fn carry_out<T: Send>(
        &self,
        most: NonZero<usize>,
        mut next: impl AsyncFnMut() -> Option<T>,
        work: impl AsyncFn(T) + Sync,
    ) {
        let mut working: Vec<Task<'_>> = Vec::new();
        let work = &work;
        loop {
            while working.len() >= most.get() {
                poll_fn(|context| if self.poll(&mut working, context) { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            let item = {
                let mut asked = pin!(next());
                poll_fn(|context| {
                    self.poll(&mut working, context);
                    asked.as_mut().poll(context)
                })
                .await
            };
            let Some(item) = item else { break };
            working.push(Box::pin(work(item)));
        }
        poll_fn(|context| {
            self.poll(&mut working, context);
            if working.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
