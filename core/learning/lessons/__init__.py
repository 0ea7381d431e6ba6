"""What is learned from: readers' grades and boxes on the ledger's films, and labelled hands that are seen again."""
