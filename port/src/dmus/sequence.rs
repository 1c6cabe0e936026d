//! A sequence: things in the order of their times, and then of their arrival.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Things in the order of their times. Things of the same time are in the order of their arrival.
///
/// The first thing stands alone, so the caller can look at it and postpone it without a search.
/// Nearly all other things arrive in the order of their times: the sequence appends these to a
/// queue, the run. A thing that arrives with an earlier time than the last thing of the run goes
/// into the heap. A postponed thing that is no longer the first also goes into the heap.
pub(super) struct Sequence<T> {
    /// The first thing: no other thing is earlier. Absent only in an empty sequence.
    first: Option<Entry<T>>,
    run: VecDeque<Entry<T>>,
    heap: BinaryHeap<Reverse<Entry<T>>>,
    /// How many things have arrived.
    arrivals: u64,
}

struct Entry<T> {
    time_100ns: i64,
    arrival: u64,
    thing: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (i64, u64) {
        (self.time_100ns, self.arrival)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> Default for Sequence<T> {
    fn default() -> Sequence<T> {
        Sequence { first: None, run: VecDeque::new(), heap: BinaryHeap::new(), arrivals: 0 }
    }
}

impl<T> Sequence<T> {
    /// Puts a thing after all things whose time is not later.
    pub fn push(&mut self, time_100ns: i64, thing: T) {
        self.arrivals += 1;
        let entry = Entry { time_100ns, arrival: self.arrivals, thing };
        match &mut self.first {
            None => self.first = Some(entry),
            Some(first) if entry < *first => {
                let second = std::mem::replace(first, entry);
                self.run.push_front(second);
            }
            Some(_) => match self.run.back() {
                Some(last) if last.time_100ns > time_100ns => self.heap.push(Reverse(entry)),
                _ => self.run.push_back(entry),
            },
        }
    }

    /// The thing that comes first, with its time.
    pub fn first(&self) -> Option<(i64, &T)> {
        self.first.as_ref().map(|entry| (entry.time_100ns, &entry.thing))
    }

    /// Takes the thing that comes first, with its time.
    pub fn pop(&mut self) -> Option<(i64, T)> {
        let entry = self.first.take()?;
        self.first = self.pop_second();
        Some((entry.time_100ns, entry.thing))
    }

    /// Gives the first thing a new time, which must not be earlier than its old time. Among the
    /// things that have the new time, the order of their arrival decides, as it always does.
    pub fn postpone(&mut self, time_100ns: i64) {
        let Some(first) = &mut self.first else { return };
        first.time_100ns = time_100ns;
        let others = [self.run.front(), self.heap.peek().map(|Reverse(entry)| entry)];
        if others.iter().flatten().any(|other| *other < first)
            && let Some(postponed) = self.first.take()
        {
            self.first = self.pop_second();
            self.heap.push(Reverse(postponed));
        }
    }

    /// Takes out the things for which `fits` is false.
    pub fn retain(&mut self, mut fits: impl FnMut(&T) -> bool) {
        self.run.retain(|entry| fits(&entry.thing));
        self.heap.retain(|Reverse(entry)| fits(&entry.thing));
        if self.first.as_ref().is_some_and(|entry| !fits(&entry.thing)) {
            self.first = self.pop_second();
        }
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.run.len() + self.heap.len()
    }

    /// Takes the earliest thing out of the run and the heap.
    fn pop_second(&mut self) -> Option<Entry<T>> {
        match (self.heap.peek(), self.run.front()) {
            (Some(Reverse(entry)), Some(front)) if entry < front => {}
            (Some(_), None) => {}
            _ => return self.run.pop_front(),
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(i64),
        Pop,
        Postpone(i64),
        DropOdd,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (-3_i64..4).prop_map(Step::Push),
            1 => any::<i64>().prop_map(Step::Push),
            4 => Just(Step::Pop),
            4 => (0_i64..4).prop_map(Step::Postpone),
            1 => Just(Step::DropOdd),
        ]
    }

    proptest! {
        /// The model is a list that a stable sort keeps in order.
        #[test]
        fn a_sequence_is_a_stable_sort(steps in prop::collection::vec(step(), 0..200)) {
            let mut sequence = Sequence::default();
            let mut model: Vec<(i64, usize)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(time) => {
                        sequence.push(time, number);
                        model.push((time, number));
                        model.sort_by_key(|(time, _)| *time);
                    }
                    Step::Pop => {
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        prop_assert_eq!(sequence.pop(), expected);
                    }
                    Step::Postpone(by) => {
                        if let Some((time, _)) = model.first_mut() {
                            *time = time.saturating_add(by);
                            sequence.postpone(*time);
                        }
                        // Of two things with equal times, the thing with the smaller number comes
                        // first.
                        model.sort();
                    }
                    Step::DropOdd => {
                        sequence.retain(|number| number % 2 == 0);
                        model.retain(|(_, number)| number % 2 == 0);
                    }
                }
                let first = model.first().map(|(time, number)| (*time, number));
                prop_assert_eq!(sequence.first(), first);
                prop_assert_eq!(sequence.len(), model.len());
            }
        }
    }
}
