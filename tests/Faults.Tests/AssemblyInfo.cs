using NUnit.Framework;

// Proofs wait for processes more than they compute. Points and planted bugs belong to the test that sets them, not to the process.
[assembly: LevelOfParallelism(3)]
