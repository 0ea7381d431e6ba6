"""The Train tab: what was collected, a run and its curve, the gate's report, promotion and rollback."""
