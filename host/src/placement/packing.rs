//! Packing: items of known load into packs of equal size, so that the heaviest pack is light.
//!
//! This is the longest-processing-time rule with a limit on the number of items: the heaviest item
//! first, each into the lightest pack that has room. Among equal items the lower index goes first,
//! among equal packs the lower index takes it.

/// Where an item went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    /// The pack.
    pub(super) pack: usize,
    /// How many items were put into that pack before.
    pub(super) position: usize,
}

/// Puts `loads.len() / packs` items into each of `packs` packs; `packs` divides the number of
/// items. One seat per item.
pub(super) fn pack(loads: &[f64], packs: usize) -> Vec<Seat> {
    let room = loads.len() / packs;
    if room == 1 {
        // Nothing to balance: items keep their order.
        return (0..loads.len()).map(|pack| Seat { pack, position: 0 }).collect();
    }
    let mut order: Vec<usize> = (0..loads.len()).collect();
    order.sort_by(|&a, &b| loads[b].total_cmp(&loads[a]));
    let mut filled = vec![(0.0, 0); packs];
    let mut seats = vec![Seat::default(); loads.len()];
    for item in order {
        let with_room = filled.iter_mut().enumerate().filter(|(_, (_, items))| *items < room);
        let lightest = with_room.min_by(|(_, (a, _)), (_, (b, _))| f64::total_cmp(a, b));
        if let Some((pack, (load, items))) = lightest {
            seats[item] = Seat { pack, position: *items };
            *load += loads[item];
            *items += 1;
        }
    }
    seats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packs(loads: &[f64], count: usize) -> Vec<Vec<usize>> {
        let mut packs = vec![Vec::new(); count];
        let mut items: Vec<_> = pack(loads, count).into_iter().enumerate().collect();
        items.sort_by_key(|(_, seat)| (seat.pack, seat.position));
        items.into_iter().for_each(|(item, seat)| packs[seat.pack].push(item));
        packs
    }

    #[test]
    fn heavy_items_meet_light_ones() {
        assert_eq!(packs(&[1.0, 9.0, 5.0, 4.0], 2), [[1, 0], [2, 3]]);
        // The third pack stays the lightest but is full after two.
        assert_eq!(packs(&[9.0, 8.0, 1.0, 1.0, 1.0, 0.0], 3), [[0, 5], [1, 4], [2, 3]]);
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        assert_eq!(packs(&[2.0; 6], 3), [[0, 3], [1, 4], [2, 5]]);
        assert_eq!(packs(&[1.0, 3.0, 2.0], 3), [[0], [1], [2]]);
    }
}
