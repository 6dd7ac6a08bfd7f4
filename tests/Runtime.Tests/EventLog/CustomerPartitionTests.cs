using System.Text;
using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

[TestFixture]
public sealed class CustomerPartitionTests
{
    // The vectors of Kafka's own UtilsTest.testMurmur2.
    [TestCase("21", -973932308)]
    [TestCase("foobar", -790332482)]
    [TestCase("a-little-bit-long-string", -985981536)]
    [TestCase("a-little-bit-longer-string", -1486304829)]
    [TestCase("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [TestCase("abc", 479470107)]
    public void Murmur2_is_the_one_of_Kafkas_Java_clients(string key, int hash) =>
        Assert.That(CustomerPartition.Murmur2(Encoding.UTF8.GetBytes(key)), Is.EqualTo(hash));

    [Test]
    public void The_partition_of_a_customer_never_changes()
    {
        foreach (var line in Golden.Lines("customer-partitions.txt"))
        {
            var fields = line.Split(' ');
            var customer = Guid.Parse(fields[0]);
            Assert.That(CustomerPartition.Of(customer, 64), Is.EqualTo(int.Parse(fields[1], null)), line);
            Assert.That(CustomerPartition.Of(customer, 8), Is.EqualTo(int.Parse(fields[2], null)), line);
        }
    }

    [Test]
    public void A_customer_and_its_key_text_have_the_same_partition()
    {
        var customer = Guid.Parse("0197A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B");
        Assert.That(CustomerPartition.Of(customer, 64), Is.EqualTo(CustomerPartition.Of("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", 64)));
    }
}
