import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** A node of OpenSearch as a program, until SIGTERM. Arguments: FOLDER KEY=VALUE... */
public class OpenSearchNode extends Node {
    /* The constructor that takes plugins is for subclasses. */
    private OpenSearchNode(Settings settings, Path folder) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), folder.resolve("config"), () -> "node"),
              List.of(Netty4Plugin.class, CommonAnalysisPlugin.class), true);
    }

    public static void main(String[] arguments) throws Exception {
        LogConfigurator.setNodeName("node");
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        Settings.Builder settings = Settings.builder()
            .put("path.home", folder).put("path.data", folder.resolve("data"))
            .put("cluster.name", "real").put("node.name", "node").put("discovery.type", "single-node")
            .put("http.host", "127.0.0.1").put("http.type", "netty4")
            .put("transport.host", "127.0.0.1").put("transport.type", "netty4");
        for (int i = 1; i < arguments.length; i++) {
            String[] setting = arguments[i].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        OpenSearchNode node = new OpenSearchNode(settings.build(), folder);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }));
        node.start();
        Thread.currentThread().join();
    }
}
