//! A client's read or write request, checked, with how much was served.

use std::cell::{Cell, RefCell};

use portcls_emulator::{Irp, Mdl, NtStatus};

use crate::ks::music::{LEAST_RECORD, RecordPlace, record_places};
use crate::ks::{KsStreamHeader, read};

/// A request with its stream headers.
///
/// The headers lie in the request's buffer, one behind the other; the data of header `n` is the
/// request's locked buffer `n`.
pub(crate) struct StreamRequest {
    irp: Irp,
    headers: RefCell<Vec<KsStreamHeader>>,
    /// The records in the data of all headers, each with the number of its header; none in a read
    /// request.
    records: Vec<(usize, RecordPlace)>,
    /// Bytes of data that the client wrote, or bytes of room that it has for data.
    length: u64,
    /// The header that is served now.
    index: Cell<usize>,
    /// The index of the record that comes next.
    next_record: Cell<usize>,
    /// How many bytes of that header's data were served, for a request that ends early.
    done: Cell<u32>,
}

impl StreamRequest {
    /// Checks the whole of a write request, before any byte of it goes out.
    ///
    /// # Errors
    /// `STATUS_INVALID_BUFFER_SIZE` for headers of a wrong size, or data beyond the buffer;
    /// `STATUS_INVALID_PARAMETER` for a malformed chain of records, an impossible time, or another
    /// number of headers than of buffers.
    pub fn write(irp: &Irp) -> Result<StreamRequest, NtStatus> {
        let mut request = StreamRequest::new(irp)?;
        for (index, (header, data)) in request.headers.borrow().iter().zip(irp.mdls()).enumerate() {
            if header.data_used > header.frame_extent {
                return Err(NtStatus::INVALID_BUFFER_SIZE);
            }
            header.presentation_100ns()?;
            request.length += u64::from(header.data_used);
            for place in record_places(&data.borrow()[..header.data_used as usize]) {
                request.records.push((index, place?));
            }
        }
        Ok(request)
    }

    /// Checks a read request.
    ///
    /// # Errors
    /// `STATUS_INVALID_BUFFER_SIZE` for headers of a wrong size, or a buffer without room for a
    /// record; `STATUS_INVALID_PARAMETER` for another number of headers than of buffers.
    pub fn read(irp: &Irp) -> Result<StreamRequest, NtStatus> {
        let mut request = StreamRequest::new(irp)?;
        let length = &mut request.length;
        for header in request.headers.get_mut() {
            *length += u64::from(header.frame_extent);
            if (header.frame_extent as usize) < LEAST_RECORD {
                return Err(NtStatus::INVALID_BUFFER_SIZE);
            }
            header.data_used = 0;
        }
        Ok(request)
    }

    fn new(irp: &Irp) -> Result<StreamRequest, NtStatus> {
        let headers = read_headers(&irp.buffer().borrow())?;
        if headers.len() != irp.mdls().len() {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        for (header, data) in headers.iter().zip(irp.mdls()) {
            if header.frame_extent as usize > data.borrow().len() {
                return Err(NtStatus::INVALID_BUFFER_SIZE);
            }
        }
        Ok(StreamRequest {
            irp: irp.clone(),
            headers: RefCell::new(headers),
            records: Vec::new(),
            length: 0,
            index: Cell::new(0),
            next_record: Cell::new(0),
            done: Cell::new(0),
        })
    }

    pub fn irp(&self) -> &Irp {
        &self.irp
    }

    /// Bytes of data that the client wrote, or bytes of room that it has for data.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of data that were served, once the request has ended.
    pub fn served(&self) -> u64 {
        self.headers.borrow().iter().map(|header| u64::from(header.data_used)).sum()
    }

    /// The header that is served now with its data, `None` when all are served.
    pub fn current(&self) -> Option<(KsStreamHeader, &Mdl)> {
        let index = self.index.get();
        let header = self.headers.borrow().get(index).copied()?;
        Some((header, self.irp.mdls().get(index)?))
    }

    /// Takes the next record in the data of the header that is served now, `None` after the last.
    /// Its place was found when the request came.
    pub fn take_record(&self) -> Option<&RecordPlace> {
        let (header, place) = self.records.get(self.next_record.get())?;
        if *header != self.index.get() {
            return None;
        }
        self.next_record.set(self.next_record.get() + 1);
        Some(place)
    }

    /// Changes the header that is served now.
    pub fn update(&self, change: impl FnOnce(&mut KsStreamHeader)) {
        if let Some(header) = self.headers.borrow_mut().get_mut(self.index.get()) {
            change(header);
        }
    }

    /// Goes on to the next header; the one that is served now is done.
    pub fn next_header(&self) {
        while self.take_record().is_some() {}
        self.index.set(self.index.get() + 1);
        self.done.set(0);
    }

    /// Notes how many bytes of the header that is served now were served.
    pub fn note_done(&self, bytes: u32) {
        self.done.set(bytes);
    }

    /// Sets in the headers how much was served of a request that ends early: all of the headers
    /// before the current one, a part of that one, and nothing of those after it.
    pub fn cut_off(&self) {
        let mut headers = self.headers.borrow_mut();
        let mut data_used = self.done.get();
        for header in headers.iter_mut().skip(self.index.get()) {
            header.data_used = std::mem::take(&mut data_used);
        }
    }

    /// Copies the headers into the client's buffer, as far as the buffer has room now.
    pub fn write_back(&self) {
        let headers = self.headers.borrow();
        let bytes: &[u8] = bytemuck::cast_slice(&headers);
        let mut buffer = self.irp.buffer().borrow_mut();
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.irp.set_information(bytes.len() as u64);
    }
}

fn read_headers(bytes: &[u8]) -> Result<Vec<KsStreamHeader>, NtStatus> {
    let size = KsStreamHeader::SIZE as usize;
    if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
        return Err(NtStatus::INVALID_BUFFER_SIZE);
    }
    let headers = bytes.chunks_exact(size).map(|chunk| {
        let header: KsStreamHeader = read(chunk).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        if header.size != KsStreamHeader::SIZE {
            return Err(NtStatus::INVALID_BUFFER_SIZE);
        }
        Ok(header)
    });
    headers.collect()
}
