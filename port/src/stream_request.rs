//! A client's read or write request, checked, with how much was served.

use std::cell::{Cell, RefCell};

use portcls_emulator::{Irp, Mdl, NtStatus};

use crate::interfaces::StreamDirection;
use crate::ks::music::{RecordPlace, record_places};
use crate::ks::{KsStreamHeader, read};

/// A request with its stream headers.
///
/// The headers lie in the request's buffer. The size in each header says where the next header
/// begins. So a client may add bytes of its own to a header. The data of header `n` is the
/// request's locked buffer `n`.
pub(crate) struct StreamRequest {
    irp: Irp,
    direction: StreamDirection,
    headers: RefCell<Vec<KsStreamHeader>>,
    /// The records in the data of all headers, each with the number of its header. Only
    /// [`write`](Self::write) finds records.
    records: Vec<(usize, RecordPlace)>,
    /// Bytes of data that the client wrote, or bytes of room that the client has for data.
    length: u64,
    /// The header that is served now.
    index: Cell<usize>,
    /// The index of the record that comes next.
    next_record: Cell<usize>,
    /// How many bytes of the current header's data were served. This number is used when the
    /// request ends early.
    done: Cell<u32>,
    /// How many bytes of each header's data were served, for a request whose headers are served
    /// side by side.
    parts: RefCell<Vec<u32>>,
}

impl StreamRequest {
    /// Checks the whole of a write request, before any byte of it goes out.
    ///
    /// # Errors
    /// `STATUS_INVALID_BUFFER_SIZE` for headers of a wrong size, or data beyond the buffer;
    /// `STATUS_INVALID_PARAMETER` for a malformed chain of records, an impossible time, or
    /// different numbers of headers and buffers.
    pub fn write(irp: &Irp) -> Result<StreamRequest, NtStatus> {
        let mut records = Vec::new();
        let mut index = 0;
        let mut request = StreamRequest::write_of(irp, |used| {
            for place in record_places(used) {
                records.push((index, place?));
            }
            index += 1;
            Ok(())
        })?;
        request.records = records;
        Ok(request)
    }

    /// Checks a write request whose data are in a form that `check` knows. `check` gets the used
    /// part of each buffer, in the order of the buffers.
    ///
    /// # Errors
    /// The errors of [`write`](Self::write) that are not about records, and the errors of `check`.
    pub fn write_of(
        irp: &Irp,
        mut check: impl FnMut(&[u8]) -> Result<(), NtStatus>,
    ) -> Result<StreamRequest, NtStatus> {
        let mut request = StreamRequest::new(irp, StreamDirection::Render)?;
        let length = &mut request.length;
        for (header, data) in request.headers.get_mut().iter().zip(irp.mdls()) {
            if header.data_used > header.frame_extent {
                return Err(NtStatus::INVALID_BUFFER_SIZE);
            }
            header.presentation_100ns()?;
            *length += u64::from(header.data_used);
            check(&data.borrow()[..header.data_used as usize])?;
        }
        Ok(request)
    }

    /// Checks a read request. Each header must state at least `least_room` bytes of room, enough
    /// for one record.
    ///
    /// # Errors
    /// `STATUS_INVALID_BUFFER_SIZE` for headers of a wrong size, room beyond the buffer, or no room
    /// for a record; `STATUS_INVALID_PARAMETER` for different numbers of headers and buffers.
    pub fn read(irp: &Irp, least_room: usize) -> Result<StreamRequest, NtStatus> {
        let mut request = StreamRequest::new(irp, StreamDirection::Capture)?;
        let length = &mut request.length;
        for header in request.headers.get_mut() {
            *length += u64::from(header.frame_extent);
            if (header.frame_extent as usize) < least_room {
                return Err(NtStatus::INVALID_BUFFER_SIZE);
            }
            header.data_used = 0;
        }
        Ok(request)
    }

    fn new(irp: &Irp, direction: StreamDirection) -> Result<StreamRequest, NtStatus> {
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
            direction,
            headers: RefCell::new(headers),
            records: Vec::new(),
            length: 0,
            index: Cell::new(0),
            next_record: Cell::new(0),
            done: Cell::new(0),
            parts: RefCell::default(),
        })
    }

    pub fn irp(&self) -> &Irp {
        &self.irp
    }

    /// Bytes of data that the client wrote, or bytes of room that the client has for data.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The number of headers.
    pub fn header_count(&self) -> usize {
        self.headers.borrow().len()
    }

    /// Bytes of data that were served; the number is valid when the request has ended.
    pub fn served(&self) -> u64 {
        self.headers.borrow().iter().map(|header| u64::from(header.data_used)).sum()
    }

    /// The header that is served now, and its buffer. `None` when all headers are served.
    pub fn current(&self) -> Option<(KsStreamHeader, &Mdl)> {
        let index = self.index.get();
        let header = self.headers.borrow().get(index).copied()?;
        Some((header, self.irp.mdls().get(index)?))
    }

    /// Calls `show` for each header, with the used part of the header's data. The client may have
    /// made the data shorter since the check. Then the part has only the bytes that are left.
    pub fn each_buffer(&self, mut show: impl FnMut(&KsStreamHeader, &[u8])) {
        for (header, data) in self.headers.borrow().iter().zip(self.irp.mdls()) {
            let data = data.borrow();
            show(header, &data[..data.len().min(header.data_used as usize)]);
        }
    }

    /// Takes the next record in the data of the header that is served now. `None` after the last
    /// record of this header. The record's place was found when the request came.
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

    /// Goes on to the next header, because the current header is done.
    pub fn next_header(&self) {
        while self.take_record().is_some() {}
        self.index.set(self.index.get() + 1);
        self.done.set(0);
    }

    /// Notes how many bytes of the header that is served now were served.
    pub fn note_done(&self, bytes: u32) {
        self.done.set(bytes);
    }

    /// Notes how many bytes of each header were served, when headers are served side by side.
    pub fn note_parts(&self, bytes: Vec<u32>) {
        *self.parts.borrow_mut() = bytes;
    }

    /// For a request that ends early, sets in the port's copy of the headers how much was served.
    /// Usually headers are served one after the other: all headers before the current header were
    /// served, and a part of the current header. When headers are served side by side, a part of
    /// each header was served.
    pub fn cut_off(&self) {
        let mut headers = self.headers.borrow_mut();
        let parts = self.parts.borrow();
        if !parts.is_empty() {
            for (header, bytes) in headers.iter_mut().zip(&*parts) {
                header.data_used = *bytes;
            }
            return;
        }
        let mut data_used = self.done.get();
        for header in headers.iter_mut().skip(self.index.get()) {
            header.data_used = std::mem::take(&mut data_used);
        }
    }

    /// Tells the client how much was served. The caller gives the number that
    /// [`served`](Self::served) returns.
    ///
    /// For a write request, Information is the number of bytes of data that were written, and the
    /// headers in the client's buffer stay as they are. For a read request, the headers are copied
    /// into the client's buffer, up to the room that it has now. Information is the size of the
    /// headers up to the last one that got data.
    ///
    /// Source: WDK, KSSTREAM_HEADER, DataUsed; IOCTL_KS_WRITE_STREAM. The page of
    /// IOCTL_KS_READ_STREAM says that a read request returns the number of bytes read. Assumed: the
    /// page of the structure is right, because it says more. Assumed: a request that ends early
    /// counts the bytes that were served until then.
    pub fn report(&self, served: u64) {
        let information = match self.direction {
            StreamDirection::Render => served,
            StreamDirection::Capture => self.write_back(),
        };
        self.irp.set_information(information);
    }

    /// Copies the headers to their places in the client's buffer. Bytes that the client added to a
    /// header stay as they are. Returns the size of the headers up to the last one that got data.
    fn write_back(&self) -> u64 {
        let mut buffer = self.irp.buffer().borrow_mut();
        let mut rest = &mut buffer[..];
        let (mut size, mut used_size) = (0, 0);
        for header in self.headers.borrow().iter() {
            let length = rest.len().min(size_of::<KsStreamHeader>());
            rest[..length].copy_from_slice(&bytemuck::bytes_of(header)[..length]);
            let next = rest.len().min(header.size as usize);
            rest = &mut rest[next..];
            size += u64::from(header.size);
            if header.data_used > 0 {
                used_size = size;
            }
        }
        used_size
    }
}

/// Reads the headers in a buffer. There must be at least one header, and the headers must fill the
/// buffer.
///
/// Source: WDK, KSSTREAM_HEADER, Size: at least the size of the structure.
fn read_headers(bytes: &[u8]) -> Result<Vec<KsStreamHeader>, NtStatus> {
    // No header is smaller than the structure, so the list has room for all headers.
    let mut headers = Vec::with_capacity(bytes.len() / size_of::<KsStreamHeader>());
    let mut rest = bytes;
    while headers.is_empty() || !rest.is_empty() {
        let header: KsStreamHeader = read(rest).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        if header.size < KsStreamHeader::SIZE {
            return Err(NtStatus::INVALID_BUFFER_SIZE);
        }
        rest = rest.get(header.size as usize..).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        headers.push(header);
    }
    Ok(headers)
}
