-- Whoever plans looks up the lane of every obligation, and a foreign key locks it each time: thousands of times for one row that its
-- holder locks and prolongs meanwhile. A store's lane is looked up when the store is registered, and lanes are never removed.
alter table obligations drop constraint obligations_lane_fk;
