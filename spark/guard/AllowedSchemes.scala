package sandbox

import java.net.URI
import scala.jdk.CollectionConverters._
import org.apache.hadoop.fs.Path
import org.apache.spark.sql.{SparkSessionExtensions, SparkSessionExtensionsProvider}
import org.apache.spark.sql.catalyst.expressions.CallMethodViaReflection
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.execution.command._
import org.apache.spark.sql.execution.datasources._
import org.apache.spark.sql.execution.datasources.v2.{DataSourceV2Relation, FileTable}
import org.apache.spark.sql.internal.SQLConf

/** Refuses to read, write or hand out files of the machine that a session is on: in a shared server they are nobody's.
  *
  * For `spark.sql.extensions`. It looks at each plan before anything of it runs. It shuts the plain ways, and is no wall:
  * whoever brings code of their own into the server's processes reads what these can read.
  */
class AllowedSchemes extends SparkSessionExtensionsProvider {
  private val allowed = "s3a"

  override def apply(extensions: SparkSessionExtensions): Unit =
    extensions.injectCheckRule(_ => plan => {
      SQLConf.get.getAllConfs.keys.foreach(checkOption)
      plan.collectWithSubqueries { case node => node }.foreach(check)
    })

  private def check(node: LogicalPlan): Unit = {
    places(node).find(place => place.getScheme != allowed).foreach(place => refuse(s"`$place` is something else"))
    options(node).foreach(checkOption)
    node match {
      case _: ScriptTransformation => refuse("TRANSFORM starts programs")
      case _ if node.expressions.exists(_.exists(_.isInstanceOf[CallMethodViaReflection])) =>
        refuse("`reflect` calls any Java method")
      case _ =>
    }
  }

  /** Which class serves a scheme is a setting, too. */
  private def checkOption(name: String): Unit =
    if (name.toLowerCase.startsWith("fs.")) refuse(s"`$name` would change what that means")

  private def refuse(why: String): Nothing =
    throw new IllegalArgumentException(
      s"Spark Connect reads and writes $allowed:// only, and $why. " +
        "For files of your own server use spark(classic=True), or copy them below s3a://scratch/users/ first")

  private def options(node: LogicalPlan): Iterable[String] = node match {
    case LogicalRelationWithTable(relation: HadoopFsRelation, _) => relation.options.keys
    case relation: DataSourceV2Relation => relation.options.asScala.keys
    case write: InsertIntoHadoopFsRelationCommand => write.options.keys
    case table: CreateDataSourceTableCommand => table.table.storage.properties.keys
    case other => other.productIterator.collect { case source: DataSource => source.options.keys }.flatten.to(Seq)
  }

  private def places(node: LogicalPlan): Seq[URI] = node match {
    case AddFilesCommand(names) => names.map(uri)
    case AddJarsCommand(names) => names.filterNot(_.startsWith("ivy:")).map(uri)
    case AddArchivesCommand(names) => names.map(uri)
    case load: LoadDataCommand => Seq(uri(load.path))
    case LogicalRelationWithTable(relation: HadoopFsRelation, _) => relation.location.rootPaths.map(_.toUri)
    case DataSourceV2Relation(table: FileTable, _, _, _, _, _) => table.fileIndex.rootPaths.map(_.toUri)
    case write: InsertIntoHadoopFsRelationCommand => Seq(write.outputPath.toUri)
    case write: InsertIntoDataSourceDirCommand => write.storage.locationUri.toSeq
    case table: CreateDataSourceTableCommand => table.table.storage.locationUri.toSeq
    case table: AlterTableSetLocationCommand => Seq(uri(table.location))
    case table: AlterTableAddPartitionCommand => table.partitionSpecsAndLocs.flatMap(_._2).map(uri)
    case database: CreateNamespace => database.properties.get("location").map(uri).toSeq
    case database: SetNamespaceLocation => Seq(uri(database.location))
    case other => other.productIterator.collect { case source: DataSource => source }.flatMap(paths).map(uri).toSeq
  }

  /** Of a stream's source, whose class is in another package from one version of Spark to the next. */
  private def paths(source: DataSource): Seq[String] = source.paths ++ source.options.get("path")

  private def uri(place: String): URI = new Path(place).toUri
}
