//! Dispatch and combine on memory that others own: device slices and DLPack tensors, against the
//! same rounds from host memory.

use crossdock_host::dlpack::{self, Elements, dlpark};
use crossdock_host::{
    Arrived, Buffer, Capacity, Cluster, Combine, DeviceSlice, DeviceSliceMut, DeviceTokens, Dock, Error,
    KernelSet, Layout, Opaque, Plain, Rank, Routing, Shape, Tokens, Topology, Wire, bf16, quantise,
};
use dlpark::ffi::{DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned};
use dlpark::metadata::Dynamic;
use dlpark::{Managed, ManagedTensorBase, legacy, versioned};

const RANKS: usize = 3;
const TOKENS: usize = 7;
const HIDDEN: usize = 64;
const TOP_K: usize = 2;

fn shape(wire: Wire) -> Shape {
    Shape { hidden: HIDDEN as u32, top_k: TOP_K as u32, experts: 6, wire }
}

fn rows(rank: usize) -> Vec<bf16> {
    (0..TOKENS * HIDDEN).map(|at| bf16::from_f32(((at * 31 + rank * 7) % 61) as f32 / 8.0 - 3.0)).collect()
}

fn routes(rank: usize) -> (Vec<i32>, Vec<f32>) {
    let experts = (0..TOKENS * TOP_K).map(|at| ((at * 5 + rank * 3) % 7) as i32 - 1).collect();
    (experts, (0..TOKENS * TOP_K).map(|at| (at % 5) as f32 / 4.0).collect())
}

fn on_all_ranks<T: Send>(program: impl Fn(&Rank) -> Result<T, Error> + Sync) -> Vec<T> {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("three GPUs are a node");
    cluster.run(program).expect("the program succeeds")
}

fn open(rank: &Rank, wire: Wire, layout: Layout) -> Result<Dock, Error> {
    rank.dock(KernelSet::jit(shape(wire))?, Capacity::tokens(TOKENS).layout(layout))
}

fn to_device<T: Plain>(rank: &Rank, values: &[T]) -> Result<Buffer<T>, Error> {
    let buffer = rank.buffer(values.len())?;
    buffer.write(0, values)?;
    Ok(buffer)
}

/// Experts and weights.
type Routes<'a> = (DeviceSlice<'a, i32>, DeviceSlice<'a, f32>);

/// Rows, side records and expert rows as the host sees them, and as the device slices say.
type Seen = (Vec<u8>, Vec<u8>, Vec<u32>);

fn seen(rank: &Rank, arrived: &Arrived<'_>) -> Result<[Seen; 2], Error> {
    fn copied<T: Plain>(rank: &Rank, slice: DeviceSlice<'_, T>) -> Result<Vec<T>, Error> {
        let buffer = rank.buffer(slice.len())?;
        buffer.copy_from_device(slice)?;
        buffer.read(0..slice.len())
    }
    let host = (arrived.rows()?, arrived.side_records()?, arrived.expert_rows()?);
    let device = (
        copied(rank, arrived.device_rows())?,
        copied(rank, arrived.device_side_records())?,
        copied(rank, arrived.device_expert_rows())?,
    );
    Ok([host, device])
}

#[test]
fn rounds_from_device_memory_are_rounds_from_host_memory() {
    let opaque = Wire::Opaque(Opaque { row_bytes: 48, sides: [5, 2, 0, 0] });
    for (wire, quantised, layout) in [
        (Wire::Bf16, false, Layout::BySource),
        (Wire::Bf16, false, Layout::ByExpert { alignment: 4 }),
        (Wire::FP8, false, Layout::BySource),
        (Wire::FP8, true, Layout::ByExpert { alignment: 1 }),
        (opaque, true, Layout::BySource),
    ] {
        on_all_ranks(|rank| {
            let mut dock = open(rank, wire, layout)?;
            let (rows, (experts, weights)) = (rows(rank.index()), routes(rank.index()));
            let fp8 = match wire {
                Wire::Fp8(format) => quantise::fp8(&rows, HIDDEN, format)?,
                _ => quantise::Fp8Rows::default(),
            };
            let bytes: Vec<u8> = (0..TOKENS * 48).map(|at| (at * 3 + rank.index()) as u8).collect();
            let side_tensors = [&bytes[..TOKENS * 5], &bytes[..TOKENS * 2]];
            let (tokens, travelling, records) = match (wire, quantised) {
                (Wire::Opaque(_), _) => {
                    let records = (0..TOKENS).flat_map(|token| {
                        [&bytes[token * 5..][..5], &bytes[token * 2..][..2], &[0]].concat()
                    });
                    (Tokens::Opaque { rows: &bytes, sides: &side_tensors }, &bytes, records.collect())
                }
                (_, true) => {
                    let records: Vec<u8> = fp8.scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
                    (Tokens::Fp8 { values: &fp8.values, scales: &fp8.scales }, &fp8.values, records)
                }
                (_, false) => (Tokens::Bf16(&rows), &bytes, Vec::new()),
            };

            let arrived = dock.dispatch(&tokens, &Routing::new(&experts, &weights))?;
            let [expected, same] = seen(rank, &arrived)?;
            assert_eq!(expected, same, "{wire}, {layout:?}");
            let outputs: Vec<bf16> =
                (0..arrived.slot_count() * HIDDEN).map(|at| bf16::from_f32((at % 19) as f32)).collect();
            let results = arrived.combine(&outputs)?.rows;

            let rows = to_device(rank, &rows)?;
            let (travelling, records) = (to_device(rank, travelling)?, to_device(rank, &records)?);
            let (experts, weights) = (to_device(rank, &experts)?, to_device(rank, &weights)?);
            let tokens = Tokens::Device(if quantised {
                DeviceTokens::Encoded { rows: (&travelling).into(), sides: (&records).into() }
            } else {
                DeviceTokens::Bf16((&rows).into())
            });
            let arrived = dock.dispatch_from_device(&tokens, (&experts).into(), (&weights).into())?;
            let [host, device] = seen(rank, &arrived)?;
            assert_eq!((&host, &device), (&expected, &expected), "{wire}, {layout:?}");
            let outputs = to_device(rank, &outputs)?;
            let mut home = rank.buffer::<bf16>(TOKENS * HIDDEN)?;
            let combined = arrived.combine_into(Combine::of_slots(&outputs), (&mut home).into())?;
            assert!(combined.rows.is_empty());
            assert_eq!(home.read(0..home.len())?, results, "{wire}, {layout:?}");
            Ok(())
        });
    }
}

#[test]
fn slices_that_do_not_suit_are_refused() {
    on_all_ranks(|rank| {
        let mut dock = open(rank, Wire::Bf16, Layout::BySource)?;
        let rows = to_device(rank, &rows(rank.index()))?;
        let (experts, weights) = routes(rank.index());
        let (experts, weights) = (to_device(rank, &experts)?, to_device(rank, &weights)?);
        let routing: Routes<'_> = ((&experts).into(), (&weights).into());
        let whole = DeviceSlice::from(&rows);
        let mut message = |tokens: DeviceTokens<'_>, routing: Routes<'_>| {
            dock.dispatch_from_device(&Tokens::Device(tokens), routing.0, routing.1)
                .expect_err("refused")
                .to_string()
        };
        let index = rank.index();
        assert_eq!(
            message(DeviceTokens::Bf16(whole.first(10)), routing),
            format!("rank {index}: tokens must hold at least tokens * hidden = 448 elements; it holds 10")
        );
        // SAFETY: the elements from the second on are inside the buffer.
        let odd = unsafe { DeviceSlice::from_raw(whole.address() + 2, whole.len()) };
        let text = message(DeviceTokens::Bf16(odd), routing);
        assert!(text.contains("tokens must begin at a multiple of 16 bytes; it begins at 0x"), "{text}");
        let wire = DeviceTokens::Encoded { rows: whole.bytes(), sides: whole.bytes().first(0) };
        assert!(message(wire, routing).contains("the tokens are encoded"));
        let half = (routing.0.first(3), routing.1);
        assert!(
            message(DeviceTokens::Bf16(whole), half)
                .contains("holds 3 elements, which is no multiple of top_k = 2")
        );
        let short = (routing.0, routing.1.first(4));
        assert!(message(DeviceTokens::Bf16(whole), short).contains("routing.weights must hold"));

        // Nothing was launched, so the dock still serves; results that are too short are refused
        // before anything is.
        let arrived =
            dock.dispatch_from_device(&Tokens::Device(DeviceTokens::Bf16(whole)), routing.0, routing.1)?;
        let outputs = vec![bf16::ONE; arrived.slot_count() * HIDDEN];
        let mut home = rank.buffer::<bf16>(5)?;
        let error =
            arrived.combine_into(Combine::of_slots(&outputs), (&mut home).into()).expect_err("too short");
        assert!(
            error
                .to_string()
                .contains("results must hold at least tokens * hidden = 448 elements; it holds 5")
        );
        Ok(())
    });
}

#[test]
fn an_expert_that_does_not_exist_is_found_on_the_device() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one GPU");
    let error = cluster.run(|rank| -> Result<(), Error> {
        let mut dock = open(rank, Wire::Bf16, Layout::BySource)?;
        let rows = to_device(rank, &rows(0))?;
        let (experts, weights) = (to_device(rank, &[1, 9])?, to_device(rank, &[0.5f32; 2])?);
        let tokens = Tokens::Device(DeviceTokens::Bf16((&rows).into()));
        dock.dispatch_from_device(&tokens, (&experts).into(), (&weights).into()).map(|_| ())
    });
    assert!(matches!(error, Err(Error::NoSuchExpert { token: 0, selection: 1, expert: 9, .. })), "{error:?}");
}

/// A tensor in host memory.
fn tensor<M: ManagedTensorBase, T: Send + 'static>(
    values: Vec<T>,
    dtype: DLDataType,
    shape: &[usize],
    strides: &[usize],
) -> Managed<M> {
    let values = Box::new(values);
    let data = values.as_ptr().cast_mut().cast();
    let prepared = Dynamic::new(shape, strides).prepare_as::<M>().expect("a legal shape");
    let mut tensor = prepared.initialize(values);
    tensor.set_data(data).set_dtype(dtype).set_device(DLDevice::CPU);
    // SAFETY: the context owns the values that the shape and type describe.
    unsafe { tensor.finish() }
}

#[test]
fn tensors_of_both_kinds_in_host_memory_are_slices() {
    on_all_ranks(|rank| {
        let values = rows(rank.index());
        let old: legacy::Dlpack = tensor(values.clone(), DLDataType::BF16, &[TOKENS, HIDDEN], &[HIDDEN, 1]);
        let new: versioned::Dlpack =
            tensor(values.clone(), DLDataType::BF16, &[TOKENS, HIDDEN], &[HIDDEN, 1]);
        // As another library hands them over.
        // SAFETY: the pointers were just given up.
        let (old, new) = unsafe {
            let old: Managed<DLManagedTensor> = Managed::from_raw(old.into_raw()).expect("not null");
            let new: Managed<DLManagedTensorVersioned> = Managed::from_raw(new.into_raw()).expect("not null");
            (old, new)
        };
        for view in [old.validate().expect("legal"), new.validate().expect("legal")] {
            // SAFETY: the tensors own what they describe, and nobody writes it.
            let Elements::Host(slice) = (unsafe { dlpack::elements::<bf16>(rank, &view)? }) else {
                panic!("it is in host memory")
            };
            assert_eq!(slice, values);
            // SAFETY: as above.
            let Elements::Host(bytes) = (unsafe { dlpack::bytes(rank, &view)? }) else {
                panic!("host memory")
            };
            assert_eq!(bytes.len(), 2 * values.len());
            // SAFETY: as above.
            let error = unsafe { dlpack::elements::<f32>(rank, &view) }.expect_err("they are bf16");
            assert!(error.to_string().contains("are needed"), "{error}");
        }
        Ok(())
    });
}

#[test]
fn tensors_that_do_not_suit_are_refused() {
    on_all_ranks(|rank| {
        let refuse = |tensor: &versioned::Dlpack| {
            // SAFETY: the tensor owns what it describes.
            let outcome = unsafe { dlpack::bytes(rank, &tensor.validate().expect("legal")) };
            outcome.expect_err("refused").to_string()
        };
        let transposed: versioned::Dlpack = tensor(vec![0f32; 6], DLDataType::F32, &[3, 2], &[1, 3]);
        let text = refuse(&transposed);
        assert!(
            text.contains("shape [3, 2] with strides [1, 3] is not compact in row-major order"),
            "{text}"
        );
        let elsewhere: versioned::Dlpack = tensor(vec![0f32; 6], DLDataType::F32, &[3, 2], &[2, 1]);
        // SAFETY: nobody reads the tensor's memory before it is refused.
        unsafe { (*elsewhere.as_ptr()).dl_tensor.device = DLDevice::cuda(4) };
        let text = refuse(&elsewhere);
        let own = rank.index();
        assert!(
            text.contains(&format!(
                "it is on CUDA device 4; this rank reads extension device {own} and the host"
            )),
            "{text}"
        );
        let buffer = rank.buffer::<f32>(6)?;
        let error =
            dlpack::export::<_, DLManagedTensor>(buffer, &[7], DLDataType::F32).err().expect("7 are not 6");
        assert!(
            error.to_string().contains("shape [7] does not have the 6 elements of the buffer"),
            "{error}"
        );
        let buffer = rank.buffer::<f32>(6)?;
        let error =
            dlpack::export::<_, DLManagedTensor>(buffer, &[6], DLDataType::BF16).err().expect("2 are not 4");
        assert!(error.to_string().contains("has not the 4 bytes of the buffer's elements"), "{error}");
        Ok(())
    });
}

#[test]
fn exported_buffers_feed_dispatch_and_are_freed_by_their_deleter() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one GPU");
    let error = cluster.run(|rank| -> Result<(), Error> {
        let mut dock = open(rank, Wire::Bf16, Layout::BySource)?;
        let (experts, weights) = routes(0);
        let routing = Routing::new(&experts, &weights);
        let buffer = to_device(rank, &rows(0))?;
        let tensor: versioned::Dlpack = dlpack::export(buffer, &[TOKENS, HIDDEN], dlpack::dtype::<bf16>())?;
        let view = tensor.validate_export().expect("legal");
        assert_eq!(view.shape(), [TOKENS as i64, HIDDEN as i64]);
        // SAFETY: the tensor owns the buffer, which is written no more.
        let Elements::Device(slice) = (unsafe { dlpack::elements::<bf16>(rank, &view)? }) else {
            panic!("it is on the GPU")
        };
        let expected = dock.dispatch(&Tokens::Bf16(&rows(0)), &routing)?.rows()?;
        let tokens = Tokens::Device(DeviceTokens::Bf16(slice));
        assert_eq!(dock.dispatch(&tokens, &routing)?.rows()?, expected);

        // The last owner may be on any thread.
        let address = slice.address();
        std::thread::spawn(move || drop(tensor)).join().expect("the deleter does not panic");
        // SAFETY: there is none: the memory is gone, which virtual GPUs report.
        let gone = unsafe { DeviceSlice::from_raw(address, TOKENS * HIDDEN) };
        dock.dispatch(&Tokens::Device(DeviceTokens::Bf16(gone)), &routing).map(|_| ())
    });
    let Err(error) = error else { panic!("freed memory was read") };
    assert!(matches!(error, Error::Machine { .. }), "{error}");
}

#[test]
fn results_may_go_to_memory_of_others() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one GPU");
    let results = cluster.run(|rank| -> Result<[Vec<f32>; 2], Error> {
        let mut dock = open(rank, Wire::Bf16, Layout::BySource)?;
        let (experts, weights) = routes(0);
        let mut results = [Vec::new(), Vec::new()];
        for (number, results) in results.iter_mut().enumerate() {
            let arrived = dock.dispatch(&Tokens::Bf16(&rows(0)), &Routing::new(&experts, &weights))?;
            let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
            let combine = Combine::of_slots(&outputs).into_f32();
            if number == 0 {
                *results = arrived.combine_with(combine)?.rows;
                continue;
            }
            // A piece of a larger allocation, as other libraries hand out.
            let memory = rank.buffer::<f32>(TOKENS * HIDDEN + 8)?;
            memory.clear()?;
            // SAFETY: the elements from the fifth on are inside the buffer, which nobody else uses.
            let inside = unsafe { DeviceSliceMut::from_raw(memory.address() + 16, TOKENS * HIDDEN) };
            arrived.combine_into(combine, inside)?;
            let all = memory.read(0..memory.len())?;
            assert_eq!((&all[..4], &all[all.len() - 4..]), (&[0.0; 4][..], &[0.0; 4][..]));
            *results = all[4..4 + TOKENS * HIDDEN].to_vec();
        }
        Ok(results)
    });
    let [host, device] = results.expect("the rounds succeed").remove(0);
    assert_eq!(host, device);
}
