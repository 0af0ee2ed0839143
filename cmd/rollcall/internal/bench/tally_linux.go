package bench

import "slices"

// tally keeps the figures of all runs. The first of its targets is the one that
// the others are floors of.
type tally struct {
	targets []string
	order   []Value                 // names and units, as they first came
	values  map[[2]string][]float64 // by target and figure, one a run
}

func newTally(targets []string) *tally {
	return &tally{targets: targets, values: make(map[[2]string][]float64)}
}

// add takes in figures of one run of a target.
func (t *tally) add(target string, got ...Value) {
	for _, v := range got {
		if !slices.ContainsFunc(t.order, func(o Value) bool { return o.Name == v.Name }) {
			t.order = append(t.order, v)
		}
		key := [2]string{target, v.Name}
		t.values[key] = append(t.values[key], v.Value)
	}
}

// rows returns one row for each figure of each target, with the ratios of the
// first target to its floors.
func (t *tally) rows() []Row {
	var rows []Row
	for _, o := range t.order {
		for _, target := range t.targets {
			all := t.values[[2]string{target, o.Name}]
			if len(all) == 0 {
				continue
			}
			r := Row{
				Figure: o.Name, Unit: o.Unit, Target: target,
				Median: median(all), Min: slices.Min(all), Max: slices.Max(all),
			}
			if target == t.targets[0] {
				to := func(floor string) float64 { return ratio(all, t.values[[2]string{floor, o.Name}]) }
				r.ToGo, r.ToEpoll, r.ToTCP, r.ToHTTP = to(FloorGo), to(Epoll), to(FloorTCP), to(FloorHTTP)
			}
			rows = append(rows, r)
		}
	}
	return rows
}
